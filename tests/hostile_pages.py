"""Archived pages that try everything: each trick calls home under a name of its own.

``{home}`` is a server on loopback, which every page could reach, and ``{evil}`` a host of the web.
"""

from __future__ import annotations

# What happens by itself. The name of a trick is the path that it asks for.
CALLS = """\
<!doctype html><html manifest="{home}/manifest-attribute"><head><title>Hostile</title>
<base href="{evil}/base/">
<link rel=stylesheet href={home}/stylesheet><link/rel="preload"/as="script"/href="{home}/preload">
<link rel=prefetch href={home}/prefetch><link rel=icon href={home}/icon>
<LINK REL=preconnect HREF=//preconnect.evil.example>
<link rel="dns-prefetch" href="//dns.evil.example">
<link rel=modulepreload href={home}/modulepreload><link rel=manifest href={home}/manifest>
<link
rel=prerender href={home}/prerender><link rel=import href={home}/import>
<script src={home}/script-src></script>
<script>{mark}new Image().src='{home}/script'; fetch('{home}/fetch');
navigator.sendBeacon('{home}/beacon'); new WebSocket('ws://127.0.0.1:1/socket');
import('{home}/module'); try {{ top.document.title = 'owned' }} catch (e) {{}}
try {{ localStorage.owned = 1 }} catch (e) {{}}</script>
<script type=speculationrules>
{{"prefetch": [{{"source": "list", "urls": ["{home}/speculation"]}}]}}</script>
<meta http-equiv=Content-Security-Policy content="report-uri {home}/report">
<meta http-equiv=Link content="<{home}/meta-link>; rel=preload; as=image">
<style>@import url({home}/css-import); body {{ background: url({home}/css-url) }}
@font-face {{ font-family: x; src: url({home}/font) }} h1 {{ font-family: x }}
input[value^=a] {{ background: url({home}/css-attribute) }}</style>
</head><body onload="{mark}new Image().src='{home}/onload'" background="{home}/background">
<h1>Words</h1><p style="background-image: url({home}/style-attribute)">Text</p><input value=a>
<img src={home}/img><img src=x onerror="{mark}new Image().src='{home}/onerror'">
<img srcset="{home}/srcset 2x"><picture><source srcset={home}/picture><img></picture>
<img src="{evil}/evil-img"><img src=relative-to-base><input type=image src={home}/input-image>
<svg onload="{mark}new Image().src='{home}/svg-onload'">
<script>{mark}new Image().src='{home}/svg-script'</script>
<image href={home}/svg-image /><use href={home}/svg-use#a />
<style>@import '{home}/svg-import'</style></svg>
<iframe src={home}/iframe></iframe>
<iframe srcdoc="<script>new Image().src='{home}/srcdoc'</script>"></iframe>
<iframe src="data:text/html,<img src={home}/data-frame>"></iframe>
<object data={home}/object></object><embed src={home}/embed><portal src={home}/portal></portal>
<video src={home}/video poster={home}/poster></video><audio src={home}/audio autoplay></audio>
<video><track default src={home}/track></video>
<details open ontoggle="{mark}new Image().src='{home}/ontoggle'"><summary>s</summary></details>
<input autofocus onfocus="{mark}new Image().src='{home}/onfocus'">
<math><mi xlink:href={home}/math>x</mi></math><table background={home}/table><tr><td>x</table>
<noscript><img src={home}/noscript></noscript><template><img src={home}/template></template>
</body></html>
"""
# These lead away, so each has a page of its own.
LEADS = {
    "refresh": '<meta http-equiv=refresh content="0;url={home}/refresh">',
    "refresh-javascript": '<meta http-equiv=refresh content="0;url=javascript:{mark}1">',
    "refresh-noscript": "<noscript><meta http-equiv=refresh"
    ' content="0;url={home}/refresh-noscript"></noscript>',
    "top": "<script>{mark}top.location = '{home}/top'</script>",
    "javascript-frame": """<iframe src="javascript:parent.location='{home}/javascript-frame'">
</iframe>""",
    "form": """<form id=f action={home}/form method=post target=_top><input name=a value=b></form>
<script>{mark}document.getElementById('f').submit()</script>""",
    "frameset": "<frameset><frame src={home}/frameset></frameset>",
    "refresh-evil": '<meta http-equiv=refresh content="0;url={evil}/refresh-evil">',
}
# One click anywhere on the page.
_ALL_OVER = "position: fixed; inset: 0; width: 100%; height: 100%; border: 0"
CLICKS = {
    "javascript": f'<a style="{_ALL_OVER}" href="javascript:{{mark}}1">x</a>',
    "link": f'<a style="{_ALL_OVER}" href={{home}}/link>x</a>',
    "link-ping": f'<a style="{_ALL_OVER}" href=#x ping={{home}}/link-ping>x</a>',
    "link-top": f'<a style="{_ALL_OVER}" target=_top href={{home}}/link-top>x</a>',
    "link-blank": f'<a style="{_ALL_OVER}" target=_blank href={{home}}/link-blank>x</a>',
    "form-click": f'<form action={{home}}/form-click><button style="{_ALL_OVER}">x</button></form>',
    "form-top": f'<form target=_top action={{home}}/form-top><button style="{_ALL_OVER}">x</button>'
    "</form>",
    "download": f'<a style="{_ALL_OVER}" download href="data:text/plain,x">x</a>',
}
# Whatever may be others' words: titles, labels, addresses, headers, texts.
MARKUP = (
    "</title></textarea></style></script><script>{mark}</script><img src={home}/markup"
    ' onerror="{mark}"><svg onload="{mark}">"\'><iframe src={home}/markup-frame></iframe>'
    "<link rel=stylesheet href={home}/markup-link><meta http-equiv=refresh content='0;{home}'>"
    "{{{{7*7}}}}"
)
MARK = "document.documentElement.setAttribute('data-own'+'ed', 1);"
OWNED = "html[data-owned]"


def drawn(page: str, home: str, evil: str = "http://evil.example") -> str:
    """Return a page that calls these two."""
    return page.format(home=home, evil=evil, mark=MARK)
