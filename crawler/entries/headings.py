"""The words that entry pages use for their parts, in both editions."""

from __future__ import annotations

from typing import Literal

Section = Literal["sources", "changes", "related"]

_WORDS: dict[Section, str] = {
    "sources": "source sources citation citations references cited|信息来源 信息來源 資訊來源"
    " 来源 來源 资料来源 資料來源 消息来源 消息來源 新闻来源 新聞來源 参考资料 參考資料 引用",
    "changes": "changes change history revisions|变更 變更 更改 变化 變化 修改 修订 修訂 历史 歷史"
    " 更新记录 更新紀錄 修订历史 修訂歷史",
    "related": "related see-also related-news related-entries|有关 有關 相关 相關 相关新闻 相關新聞"
    " 有关新闻 有關新聞",
}
SECTIONS: dict[str, Section] = {
    word.replace("-", " "): section
    for section, words in _WORDS.items()
    for word in words.replace("|", " ").split()
}
FORMATS = frozenset({"formats", "format", "格式"})
COVERS = frozenset(
    {"cover image", "cover", "img", "封面", "封面图", "封面圖", "封面图片", "封面圖片"}
)
CONTEXTS = ("Context", "上下文", "消息", "语境", "語境", "背景")
PREVIOUS = ("previous", "prev", "earlier", "前一天", "前一日", "上一天", "上一日")
NEXT = ("next", "later", "后一天", "後一天", "后一日", "後一日", "下一天", "下一日")
PREVIOUS_ARROWS = "←«‹<⇐⟵◀"
NEXT_ARROWS = "→»›>⇒⟶▶"


def heading_words(title: str) -> str:
    """Return a heading's bare words: no colon, emphasis or closing ``#``; case folded."""
    return " ".join(title.strip(" \t\n*_#:：").replace("-", " ").casefold().split())


def section_named(title: str) -> Section | None:
    """Return the section that a heading opens; None for any other heading."""
    return SECTIONS.get(heading_words(title))


def is_cover(label: str) -> bool:
    """Whether a label says that its link is the cover image and no source."""
    return heading_words(label) in COVERS
