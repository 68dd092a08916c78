"""Words that phrases treat specially, per language: light words, fillers, words of degree, and what the slots of the grammar stand for.

Data only. Tokens are written as they stand in `norm` (text/normalise.py); wordings of slots are phrases themselves.
"""

from __future__ import annotations

# Tokens that carry little of a phrase's meaning: missing or misheard ones cost less.
LIGHT = {
    "zh": frozenset(["de", "le", "ma", "ne", "a", "ba", "ya", "na", "o", "en", "jiu"]),
    "en": frozenset(
        [
            "a",
            "an",
            "the",
            "to",
            "of",
            "is",
            "be",
            "am",
            "are",
            "do",
            "you",
            "i",
            "it",
            "for",
            "on",
            "in",
            "so",
            "just",
            "and",
            "that",
            "at",
            "with",
            "this",
            "my",
        ]
    ),  # fmt: skip
    "pl": frozenset(["i", "a", "w", "z", "na", "do", "to", "sie", "jest", "czy"]),
    "sv": frozenset(["att", "en", "ett", "det", "du", "jag", "ar", "pa", "i", "om", "och", "for"]),
}
FILLERS = {
    "zh": frozenset(["e", "en", "a", "o", "ne", "na", "ge", "zhe", "jiu", "shi"]),
    "en": frozenset(["um", "uh", "er", "ah", "oh", "well", "just", "so", "like"]),
    "pl": frozenset(["no", "yyy", "eee", "tak"]),
    "sv": frozenset(["eh", "oh", "ja", "alltsa"]),
}
# Between a negation and what it denies: 不太方便, not really a good time.
DEGREE = {
    "zh": frozenset(["tai", "hen", "shi", "zen", "me", "na", "da", "te", "bie", "hao", "fei", "chang"]),
    "en": frozenset(["a", "an", "the", "realli", "veri", "so", "that", "too", "be", "have", "ani"]),
    "pl": frozenset(["bardzo", "za", "jest"]),
    "sv": frozenset(["sa", "ett", "en", "riktigt"]),
}
DAYTIME = {
    "zh": "早上|上午|中午|下午|晚上|早|傍晚",
    "en": "morning|afternoon|evening|day",
    "pl": "dzień|wieczór",
    "sv": "morgon|dag|kväll|middag|eftermiddag",
}
DURATION = {
    "zh": "({number}|几|一|半)(分钟|秒钟|个小时)|一下|一会儿|一小会儿|点时间|一点时间",
    "en": "({number}|a couple of|a few|some|one|a) (minutes|minute|seconds|second|moments|moment)",
    "pl": "({number}|kilka|pare|dwie) (minut|minuty|chwil)|chwilę|moment|minutę",
    "sv": "({number}|några|ett par|en) (minuter|minut|stund)|en stund|ett ögonblick",
}
DATE = {
    "zh": "今天|明天|后天|下周{any:1}|周{some:1}|{number}(月|号|日|点)",
    "en": "today|tomorrow|monday|tuesday|wednesday|thursday|friday|next week|{number}",
    "pl": "dzisiaj|jutro|pojutrze|{number}",
    "sv": "idag|imorgon|nästa vecka|{number}",
}
# Surnames by frequency, without those that sound like what follows 的 anyway (想, 问, 有, 是, 今, 下, 于).
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡杜叶苏魏吕卢姜崔钟谭陆汪范石廖贾韦付方邹孟熊秦邱江尹薛闫"
    "段雷侯龙陶黎贺顾毛郝龚邵钱覃武戴莫孔汤柳欧沈程丁"
)
