"""What the codes say by which a judgement gives its reasons, and the names of its evidence."""

from __future__ import annotations

# Beside the codes of the transport (``http-NNN`` and those of a failed attempt).
REASONS = {
    # blocked
    "cf-mitigated": "Cloudflare says that it answered with a challenge",
    "aws-waf": "the AWS firewall says that it answered with a challenge",
    "rimon": "the header of a filtering proxy says that it blocked",
    "aws-elb": "a short 403 or 429 of an AWS load balancer",
    "akamai": "a short error of Akamai's own, not to be cached",
    "cloudfront": "an error of CloudFront's own, not 404",
    "edge-only": "an error that a CDN gave without asking the origin",
    "block-sink": "a redirect to where a protection service sends those whom it doubts",
    "challenge": "the page asks for proof of a person, or says that it refuses",
    # legal, paywall, consent-wall
    "legal-notice": "a short page that says that it is withheld from us",
    "login-redirect": "a redirect to a login",
    "login-form": "a login in place of the page",
    "teaser": "the beginning of an article whose rest is sold",
    "not-free": "the page says so itself: isAccessibleForFree is false",
    "tier": "the page says so itself: its tier is locked or metered",
    "consent-gateway": "a redirect to a gateway of consent",
    "consent-form": "a form of consent in place of the page",
    # parked, usurped
    "parking-script": "a script or link of a parking service",
    "parking-host": "a redirect to a parking service or seller of names",
    "for-sale": "the name is offered for sale",
    "advertisements": "related searches and the like",
    "any-path": "the same page for a path that cannot exist",
    "default-page": "the page that a server or hoster shows where there is no site",
    "others-replaced": "other sources of the host were parked or usurped lately",
    "trade": "the title is of a trade that takes over names",
    "other-site": "a redirect to another site",
    "off-topic": "neither title nor text takes up our copy's title",
    # signs of a soft 404
    "error-words": "title or main heading say that there is no page",
    "same-as-probe": "the host answers a path that cannot exist in the same way",
    "error-title": "the title is that of the host's answers with 404 and 410",
    "home-title": "the title is that of the host's home page",
    "error-url": "a redirect to an address that names an error",
    "shared-url": "three sources of the host or more end at this address",
    "redirected-up": "a redirect to the home page, a section or higher up",
    "page-for-file": "a page where a document or picture was",
    "shrunk": "less than 15 % of our copy's words",
    # stubs and shells
    "meta-refresh-stub": "hardly a word, and a meta refresh that is not followed",
    "script-stub": "hardly a word, and a script that sends elsewhere",
    "asks-for-script": "hardly a word, and the page asks for JavaScript or is a frame for it",
    "empty-shell": "hardly a word, and three scripts or more",
    # doubtful
    "little-text": "fewer than 50 words",
    "no-text": "a page without text, where our copy has one",
    "other-type": "another type than our copy, and without text",
    "unread": "the extractor failed on it",
    "one-sign": "unlike our copy, or an unproved first one, with one sign of a soft 404 or usurper",
    "led-elsewhere": "a redirect to another text than our copy",
    "excerpt-missing": "a decisive excerpt of the entry is not in the text",
    # moved
    "permanent-redirect": "301 or 308 all the way",
    "repeated-redirect": "a temporary redirect that was seen three times",
    # live, live-unverified
    "same-payload": "the very bytes of our copy",
    "same-text": "the very text of our copy",
    "same-type": "a picture or file without text, of the type of our copy",
    "similar": "half of all runs of three words are common, or 80 % of our copy's are there",
    "cut-short": "much shorter than our copy, and all that is left stood in it",
    "much-changed": "unlike our copy, and no sign of anything else",
    "excerpt-found": "30 % or more of an entry's excerpt stands in the text",
    "headline-found": "two rare words or more of a cited headline stand in the text",
    "unconfirmed": "nothing decisive to test a first copy against",
}

EVIDENCE = {
    "status": "status of the answer",
    "header": "value of the header that tells",
    "marker": "marker of the page's scripts and addresses",
    "phrase": "words on the page, as our lists have them",
    "words": "visible words of the page; of a first copy those of the article",
    "words_before": "words of our copy",
    "scripts": "script elements that run",
    "similarity": "J3 to our copy, 0 to 1",
    "excerpt": "share of the entry's excerpt in the text, 0 to 1",
    "tokens": "words of the headline that were found",
    "title": "title that is the host's home or error title",
    "final_url": "address at which the visit ended",
    "target": "address that a stub leads to",
    "probe": "how the probe's answer is the same: same-url, same-text",
    "sources_at_final_url": "other sources of the host that ended there",
    "sources_replaced": "other sources of the host that were replaced",
    "mime": "type of the payload",
    "failure": "why the extractor failed",
}
