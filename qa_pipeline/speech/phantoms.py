"""What Whisper writes where nobody speaks: loops, and sentences of the subtitles it was trained on. Pure; decides about one segment at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from qa_pipeline.call import Word
from qa_pipeline.text.fold import fold
from qa_pipeline.text.normalise import simplify, unit_spans

# Chosen on sounds without speech and on recorded calls: people say 对对对对 and no, no, no; a loop of the decoder goes on and on.
_LOOP_REPEATS = 6
_LOOP_SHARE = 0.6
_LONGEST_PERIOD = 8
# More units a second than anybody speaks.
_FASTEST = {"zh": 14.0, "": 9.0}
_FAST_UNITS = 6
# Words this doubtful count only where speech is surely heard.
_DOUBTFUL = 0.25
_HEARD = 0.3
_SURE = 0.6
# On sample calls, also made 40 dB quieter, the least heard segment that was said had 0.074 (a hoarse voice), a single character 0.016. Tones and music between
# turns gave words drawn out, a stutter of one unit, words of no length, and a second of speech that is not there.
_UNSURE = 0.75
_SLOWEST = 1.0
_HARDLY_HEARD = 0.1
_STUTTER = 3
_NOT_HEARD = 0.05
_SILENT = 0.03
_SILENT_SECONDS = 1.0
_LITTLE_HEARD = 0.2
_NO_LENGTH_WORDS = 4
_NO_LENGTH_SHARE = 0.4

# Credits and pleas of subtitles, folded and without punctuation: no call holds them. Those that a call may hold stand under _POSSIBLE.
_NEVER_SAID = {
    "zh": "字幕由 字幕制作 字幕组 字幕志愿者 字幕提供 字幕by 作词 作曲 编曲 词曲 演唱 明镜与点点 点赞订阅 订阅转发 打赏支持 优优独播剧场 yoyotelevisionseries 索兰娅 amaraorg 中文字幕 李宗盛 音乐音乐",
    "en": "thanksforwatching thankyouforwatching subscribetomychannel likeandsubscribe subtitlesby amaraorg transcriptionby captionsby subtitlesprovided pleasesubscribe seeyouinthenextvideo",
    "pl": "napisystworzone amaraorg napisywykonal napisyprzygotowal dziekujezaogladanie dziekujezauwage subskrybuj zdjeciaimontaz napisypl",
    "sv": "undertexter textningstvt undertextningav amaraorg tackforattduhartittat tackforattnitittade svenskatextning btiundertexter",
}
_POSSIBLE = {
    "zh": frozenset(("谢谢", "谢谢大家", "谢谢观看", "再见", "音乐", "嗯", "好", "啊")),
    "en": frozenset(("you", "thank you", "thanks", "bye", "bye bye", "okay", "oh", "so", "music", "i'm sorry", "the end")),
    "pl": frozenset(("dziekuje", "dziekuje bardzo", "muzyka", "no", "ok")),
    "sv": frozenset(("tack", "tack sa mycket", "musik", "hej", "ja")),
}


def is_invented(words: Sequence[Word], language: str, heard: float) -> bool:
    """Whether nobody said the words of a segment. `heard`: mean probability of speech while they are said, 0–1."""
    text = "".join(word.text for word in words)
    units = _units(text, language)
    if not units or is_loop(units):
        return True
    plain = "".join(units)
    if any(phrase in plain for phrase in _NEVER_SAID.get(language, "").split()):
        return True
    seconds = (max(word.end_ms for word in words) - words[0].start_ms) / 1000
    if len(units) >= _FAST_UNITS and len(units) > _FASTEST.get(language, _FASTEST[""]) * max(seconds, 0.1):
        return True
    confidence = sum(word.confidence for word in words) / len(words)
    if heard < _HEARD and confidence < _DOUBTFUL:
        return True
    if heard < _HEARD and _is_of_a_tone(words, units, seconds, confidence, heard):
        return True
    said = plain if language == "zh" else " ".join(units)
    return heard < _HEARD and confidence < _SURE and said in _POSSIBLE.get(language, ())


def _is_of_a_tone(words: Sequence[Word], units: Sequence[str], seconds: float, confidence: float, heard: float) -> bool:
    """Whether words that are little heard are of the kinds that tones, music and noise between turns give."""
    no_length = sum(word.end_ms <= word.start_ms for word in words)
    return (
        (confidence < _UNSURE and (heard < _NOT_HEARD or len(units) < _SLOWEST * seconds))
        or (heard < _HARDLY_HEARD and len(units) >= _STUTTER and len(set(units)) == 1)
        or (heard < _SILENT and seconds >= _SILENT_SECONDS)
        or (heard < _LITTLE_HEARD and no_length >= max(_NO_LENGTH_WORDS, _NO_LENGTH_SHARE * len(words)))
    )


def is_loop(units: Sequence[str]) -> bool:
    """Whether most of the units are one run of a few units, over and over."""
    for period in range(1, min(_LONGEST_PERIOD, len(units) // _LOOP_REPEATS) + 1):
        longest = run = 0
        for place in range(period, len(units)):
            run = run + 1 if units[place] == units[place - period] else 0
            longest = max(longest, run)
        covered = longest + period
        if covered >= _LOOP_REPEATS * period and covered >= _LOOP_SHARE * len(units):
            return True
    # A loop that drifts: the same unit makes up most of a long text.
    return len(units) >= 40 and Counter(units).most_common(1)[0][1] >= _LOOP_SHARE * len(units)


def _units(text: str, language: str) -> list[str]:
    plain = simplify(text) if language == "zh" else fold(text)
    return [plain[start:end] for start, end in unit_spans(plain)]
