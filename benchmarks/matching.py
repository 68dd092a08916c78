"""Scoring speed from conversations in memory: `python benchmarks/matching.py [--calls 256] [--language zh] [--profile]`.

Five-minute calls are made up (about 80 utterances; 1,000 syllables of Chinese or 750 words of English): every sentence is put together anew from
parts, names, numbers and fillers, so that utterances rarely repeat. Each rubric prints milliseconds a call, scored singly and in one batch on one
core (processor time, so that other work on the machine does not count), cold and warm. Reading and writing tables is not in it.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import os
import pstats
import random
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from qa_pipeline.call import Conversation
from qa_pipeline.conversation.written import conversation
from qa_pipeline.rubric.load import load_rubric
from qa_pipeline.running.scorecards import ready_scorecards
from qa_pipeline.scoring.score import score, score_many
from qa_pipeline.settings import load_settings

PARTS = {
    "zh": {
        "surname": "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗",
        "given": "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 桂英 建国 晓东 雨欣 思远",
        "company": "尚德金融 安居装饰 海通汽车 果香园 仁和医院 建业银行 星光物流 蓝天燃气 驰骋轮胎 明视眼镜",
        "thing": "车 轮胎 眼镜 水果 贷款 合同 保单 瓷砖 地板 空调 发票 宽带 手机卡 冰箱 检查报告 药 沙发 窗帘 快递 会员卡",
        "time": "昨天 今天上午 上个月 前天下午 周一 星期三 三月份 去年 刚才 前两天 五号 十二号下午 月底 中秋节前",
        "verb": "送到了 安装好了 修过一次 换了新的 退回去了 还没收到 办下来了 查过了 寄出去了 出了点毛病 签完字了 升级了 取走了 涨价了",
        "filler": "嗯 那个 就是 然后 呃 其实 反正 这个 可能 应该",
        "feel": "挺好的 还可以 一般般 有点慢 不太满意 比较放心 说不上来 价格偏高 服务态度不错 师傅很细心 噪音有点大 味道不太新鲜",
        "ask": "您觉得怎么样 大概是什么时候的事 当时是谁接待的您 现在用着正常吗 您是从哪里了解到我们的 有没有别的问题 费用给您讲清楚了吗",
    },
    "en": {
        "surname": "Smith Jones Taylor Brown Wilson Evans Thomas Roberts Walker Wright Hughes Green Hall Wood Clarke Patel",
        "given": "Anna James Olivia Peter Susan David Emma Michael Laura Daniel Grace Robert Helen Simon Alice Martin",
        "company": "Brightwater Motors|Northgate Bank|Hillside Opticians|Clearview Insurance|Meadow Farms|Sunrise Telecom|Oakfield Interiors",
        "thing": "car|tyres|glasses|fruit box|loan|contract|policy|kitchen|boiler|invoice|router|phone|fridge|test report|parcel|curtains|mattress",
        "time": "yesterday|this morning|last month|on Tuesday afternoon|back in March|a couple of weeks ago|last year|just now|at the weekend",
        "verb": "was delivered|was fitted properly|had to go back|has been replaced|never turned up|got approved|was checked twice|went up in price"
        "|stopped working|was collected|came with a scratch|is still under warranty",
        "filler": "um|well|you know|actually|I mean|so|right|to be honest|I guess|basically",
        "feel": "pretty good overall|a bit slow for my liking|all right I suppose|better than the previous one|rather expensive"
        "|really friendly staff|not quite what I expected|quieter than before|fresh enough",
        "ask": "how did you find that|when exactly did that happen|who looked after you on the day|does everything work as it should"
        "|where did you first hear about us|was the price explained to you|has anything else come up since",
    },
}
OPENINGS = {
    "zh": [
        "agent: {surname}先生您好，我是{company}的{surname}{given}，工号{number}。",
        "customer: {filler}你好，哪位？",
        "agent: 想就您{time}的{thing}做个回访，请问您现在方便吗？",
        "customer: {filler}方便，你说吧。",
    ],
    "en": [
        "agent: Good morning, this is {given} {surname} calling from {company}.",
        "customer: {filler}, hello, who is it?",
        "agent: I am calling about the {thing} you had {time}, is now a good time to talk?",
        "customer: {filler}, yes, go ahead.",
    ],
}
MIDDLE = {
    "zh": [
        "agent: 您{time}的{thing}{verb}，{ask}？",
        "customer: {filler}{thing}{time}{verb}，{feel}，{filler}花了{number}块钱。",
        "agent: {filler}好的，{thing}这边我给您记一下，单号尾数是{number}。",
        "customer: {feel}吧，{filler}就是{thing}{feel}。",
        "agent: 那{thing}{feel}是吗，{filler}我们{time}会有{surname}师傅联系您。",
        "customer: {time}我问过{surname}{given}，他说{thing}{verb}。",
        "customer: {filler}，{feel}。",
        "agent: {filler}，{ask}？",
    ],
    "en": [
        "agent: So the {thing} {verb} {time}, {ask}?",
        "customer: {filler}, the {thing} {verb} {time}, it cost me {number} pounds.",
        "agent: {filler}, I have put that down, the reference ends in {number}.",
        "customer: {feel}, {filler}, but the {thing} is {feel}.",
        "agent: The {thing} is {feel} then, {filler}, {given} {surname} will look into it.",
        "customer: I spoke to {given} {surname} {time} and the {thing} {verb}.",
        "customer: {filler}, {feel}.",
        "agent: {filler}, {ask}?",
    ],
}
CLOSINGS = {
    "zh": [
        "agent: 请问您还有什么其他需要吗？",
        "customer: {filler}没有了。",
        "agent: 感谢您的配合，祝您生活愉快，再见。",
        "customer: 好的，再见。",
    ],
    "en": [
        "agent: Is there anything else I can help you with?",
        "customer: {filler}, no, that is all.",
        "agent: Thank you for your time, have a lovely day, goodbye.",
        "customer: Bye.",
    ],
}


def made_up_call(language: str, seed: int) -> Conversation:
    """A five-minute call that no other seed repeats; every third lacks its opening or its closing."""
    chance = random.Random(seed)
    parts = {name: text.split("|" if "|" in text else " ") for name, text in PARTS[language].items()}

    def said(line: str) -> str:
        words = {name: chance.choice(choices) for name, choices in parts.items()}
        return line.format(number=chance.randrange(10, 100_000), **words)

    middle = [said(chance.choice(MIDDLE[language])) for _ in range(72)]
    opening = [] if seed % 6 == 1 else [said(line) for line in OPENINGS[language]]
    closing = [] if seed % 6 == 4 else [said(line) for line in CLOSINGS[language]]
    agent_name = chance.choice(parts["surname"]) + chance.choice(parts["given"])
    made = conversation(*opening, *middle, *closing, language=language, agent_name=agent_name, company=chance.choice(parts["company"]))
    vectors = np.random.default_rng(seed).normal(size=(len(made.utterances), 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return conversation(
        *opening, *middle, *closing, language=language, direction="outbound", agent_name=agent_name, company=made.call.company,
        vectors=dict(enumerate(vectors)),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=256)
    parser.add_argument("--language", choices=["zh", "en"])
    parser.add_argument("--rubric", default="followup")
    parser.add_argument("--profile", action="store_true", help="show where the time of a warm batch goes")
    arguments = parser.parse_args()
    settings = load_settings()
    rubric = load_rubric(Path("rubrics") / f"{arguments.rubric}.yaml")
    scorecard = ready_scorecards({rubric.id: rubric}, settings)[rubric.id]
    for language in [arguments.language] if arguments.language else ["zh", "en"]:
        calls = [made_up_call(language, seed) for seed in range(arguments.calls * 2)]
        tokens = sum(len(u.norm.split()) for call in calls for u in call.utterances) / len(calls)
        utterances = sum(len(call.utterances) for call in calls) / len(calls)
        print(f"{arguments.rubric}, {language}: {utterances:.0f} utterances, {tokens:.0f} tokens a call, {len(rubric.criteria)} criteria")
        # Words of stored calls stay in Arrow; here they are hundreds of thousands of objects that would be walked over and over.
        gc.collect()
        gc.freeze()
        cold, warm = calls[: arguments.calls], calls[arguments.calls :]
        _tell("first call", cold[:1], lambda some: [score(call, scorecard) for call in some])
        _tell("batch, cold", cold, lambda some: score_many(some, scorecard))
        _tell("batch, warm", warm, lambda some: score_many(some, scorecard))
        _tell("singly, warm", warm[:20], lambda some: [score(call, scorecard) for call in some])
        gc.unfreeze()
        if arguments.profile:
            profile = cProfile.Profile(time.process_time)
            profile.enable()
            score_many(warm, scorecard)
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)


def _tell(name: str, calls, work) -> None:  # type: ignore[no-untyped-def]
    began = time.process_time()
    work(calls)
    print(f"  {name:13} {1000 * (time.process_time() - began) / len(calls):7.2f} ms a call ({len(calls)} calls)")


if __name__ == "__main__":
    main()
