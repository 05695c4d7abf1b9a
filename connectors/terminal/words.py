"""What the terminal itself says, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.types import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The notes beside the replies, in one language."""

    #: Name of a command without its slash, what follows it, what it does.
    commands: tuple[tuple[str, str, str], ...]
    #: How many the bot knows: one, several.
    entry: str
    entries: str
    waiting: str
    confidence: str
    pick: str
    handed_over: str
    person: str
    #: The message that `/handoff` sends.
    ask_person: str
    reset: str
    #: After `/lang`: replies in this language; replies in the customer's.
    language_fixed: str
    language_auto: str
    language_usage: str
    nothing_yet: str
    columns: tuple[str, ...]
    intents: str
    entities: str
    sentiment: str
    #: Of a reply that a language model has to do with: what it was asked, with lines that are left out; each sentence
    #: with the entries that carry it; what was not sent; why the entries are quoted instead.
    prompt: str
    left_out: str
    evidence: str
    courtesy: str
    removed: str
    quoted: str
    reason: str
    timings: str
    unknown: str
    did_you_mean: str
    see_help: str
    too_long: str
    no_history: str
    goodbye: str
    reasons: Mapping[Reason, str]
    #: By the codes in `bot.types.Writing.why` and `bot.types.Removed.against`.
    whys: Mapping[str, str]
    objections: Mapping[str, str]


_ENGLISH = Words(
    commands=(
        ("why", "", "what the last reply was chosen from, and why"),
        ("handoff", "", "ask for a person"),
        ("reset", "", "forget this conversation and begin anew"),
        ("lang", "en|zh|auto", "language of the replies"),
        ("help", "", "this list"),
        ("quit", "", "leave (also Ctrl-D)"),
    ),
    entry="{count} entry",
    entries="{count} entries",
    waiting="looking it up …",
    confidence="confidence",
    pick="Type a number, or ask in other words.",
    handed_over="Handed over: {reason}.",
    person="In a helpdesk a person takes over now. Here the case is back with the bot: go on.",
    ask_person="I would like to talk to a person.",
    reset="Forgotten. A new conversation begins.",
    language_fixed="Replies are in English from now on.",
    language_auto="Each reply is in the language of its question.",
    language_usage="/lang takes en, zh or auto.",
    nothing_yet="There is no reply to explain yet.",
    columns=("#", "id", "question", "confidence", "details"),
    intents="intent",
    entities="named",
    sentiment="sentiment",
    prompt="prompt",
    left_out="… {count} more lines …",
    evidence="evidence",
    courtesy="a courtesy",
    removed="removed, for it stands in no entry",
    quoted="quoted instead of written",
    reason="reason",
    timings="timings",
    unknown="There is no command /{name}.",
    did_you_mean="Did you mean /{name}?",
    see_help="/help lists them.",
    too_long="That is {count} characters long; the limit is {limit}. Say it in fewer words.",
    no_history="What you type is not kept after this run: {problem}",
    goodbye="Goodbye.",
    reasons={
        Reason.CONFIDENT: "the best entry is likely enough to be right",
        Reason.AMBIGUOUS: "likely enough to ask, not to answer",
        Reason.NOT_KNOWN: "nothing in the knowledge is likely enough to be right",
        Reason.PARTLY_KNOWN: "only one of two questions could be answered",
        Reason.ASKED_FOR_PERSON: "the customer asked for a person",
        Reason.STILL_UNCLEAR: "still unclear after asking back",
        Reason.GREETING: "a greeting",
        Reason.THANKS: "thanks",
        Reason.GOODBYE: "a goodbye",
        Reason.ACKNOWLEDGED: "an acknowledgement",
        Reason.ASKED_IF_BOT: "the question whether this is a bot",
        Reason.FAILED: "the bot failed on this message; its log says more",
        Reason.NO_WORDS: "the message has no words",
        Reason.INTENT: "the settings say what to do about this intent",
        Reason.UPSET: "the customer has been upset several times in a row",
    },
    whys={
        "timeout": "the model was not done in time",
        "busy": "the model was busy with other replies",
        "unreachable": "there is no connection to the model, or it broke off",
        "refused": "the server of the model refused the call",
        "overloaded": "the server of the model has too much to do",
        "server_error": "the server of the model failed",
        "circuit_open": "the model failed several times in a row and is left alone for a while",
        "garbage": "what came from the model is no text that can be sent",
        "unprintable": "the model wrote characters that nobody sees",
        "too_long": "the model wrote too much",
        "empty": "the model wrote nothing",
        "repeating": "the model repeated itself",
        "wrong_language": "the model wrote in another language than the customer",
        "other_language": "the entry is in another language than the reply",
        "not_an_answer": "the model says that the entries do not answer the question",
        "unsupported": "too much of what the model wrote stands in no entry",
        "incomplete": "the model left out one of several entries",
        "failed": "the bot failed; its log says more",
    },
    objections={
        "number": "number",
        "amount": "amount",
        "duration": "duration",
        "date": "date",
        "time": "time",
        "percentage": "percentage",
        "phone": "telephone number",
        "code": "code",
        "link": "link",
        "mail": "mail address",
        "name": "name",
        "negation": "a “not” that is missing or too many",
        "promise": "promise",
        "comparison": "limit or comparison",
        "subject": "subject",
    },
)

_CHINESE = Words(
    commands=(
        ("why", "", "上一条回复的候选答案和选择理由"),
        ("handoff", "", "转人工客服"),
        ("reset", "", "忘掉本次对话，重新开始"),
        ("lang", "en|zh|auto", "回复所用的语言"),
        ("help", "", "显示本列表"),
        ("quit", "", "退出（也可按 Ctrl-D）"),
    ),
    entry="{count} 条知识",
    entries="{count} 条知识",
    waiting="正在查找……",
    confidence="把握",
    pick="输入序号选择，或换个说法再问。",
    handed_over="已转人工：{reason}。",
    person="在客服系统里，此时由人工接手；在终端里，会话已交还机器人，请继续。",
    ask_person="我要转人工客服。",
    reset="已忘掉，开始新的对话。",
    language_fixed="从现在起用中文回复。",
    language_auto="用提问的语言回复。",
    language_usage="/lang 的参数是 en、zh 或 auto。",
    nothing_yet="还没有可以解释的回复。",
    columns=("#", "编号", "问题", "把握", "细节"),
    intents="意图",
    entities="实体",
    sentiment="情绪",
    prompt="提示词",
    left_out="……略去 {count} 行……",
    evidence="依据",
    courtesy="客套话",
    removed="已删去，条目中没有依据",
    quoted="未采用生成的文字，改为引用原文",
    reason="理由",
    timings="用时",
    unknown="没有命令 /{name}。",
    did_you_mean="是不是 /{name}？",
    see_help="输入 /help 查看全部命令。",
    too_long="这条消息有 {count} 个字符，上限是 {limit}。请说得短一些。",
    no_history="输入历史只在本次有效：{problem}",
    goodbye="再见。",
    reasons={
        Reason.CONFIDENT: "最佳条目足够可靠",
        Reason.AMBIGUOUS: "有可能的条目，但不够可靠，先追问",
        Reason.NOT_KNOWN: "知识库中没有足够可靠的答案",
        Reason.PARTLY_KNOWN: "两个问题中只能回答一个",
        Reason.ASKED_FOR_PERSON: "顾客要求人工服务",
        Reason.STILL_UNCLEAR: "追问之后仍不清楚",
        Reason.GREETING: "问候",
        Reason.THANKS: "致谢",
        Reason.GOODBYE: "道别",
        Reason.ACKNOWLEDGED: "表示知道了",
        Reason.ASKED_IF_BOT: "询问是不是机器人",
        Reason.FAILED: "机器人处理这条消息时出错，详见日志",
        Reason.NO_WORDS: "消息里没有文字",
        Reason.INTENT: "设置中规定了如何处理这一意图",
        Reason.UPSET: "顾客连续多次表现出不满",
    },
    whys={
        "timeout": "模型没有按时写完",
        "busy": "模型正忙于其他回复",
        "unreachable": "连不上模型，或连接中断",
        "refused": "模型服务器拒绝了请求",
        "overloaded": "模型服务器过载",
        "server_error": "模型服务器出错",
        "circuit_open": "模型连续多次失败，暂停使用一会儿",
        "garbage": "模型返回的内容无法发送",
        "unprintable": "模型写了看不见的字符",
        "too_long": "模型写得太长",
        "empty": "模型什么也没写",
        "repeating": "模型重复自己的话",
        "wrong_language": "模型用的语言与顾客不同",
        "other_language": "条目的语言与回复不同",
        "not_an_answer": "模型认为条目没有回答这个问题",
        "unsupported": "模型写的内容有太多在条目中没有依据",
        "incomplete": "几个条目中有一个没有写到",
        "failed": "机器人出错，详见日志",
    },
    objections={
        "number": "数字",
        "amount": "金额",
        "duration": "时长",
        "date": "日期",
        "time": "时间",
        "percentage": "百分比",
        "phone": "电话号码",
        "code": "编号",
        "link": "链接",
        "mail": "邮箱",
        "name": "名称",
        "negation": "多了或少了否定",
        "promise": "承诺",
        "comparison": "限定或比较",
        "subject": "所说的事",
    },
)

#: The commands' names, the same in every language.
COMMANDS = [name for name, _, _ in _ENGLISH.commands]


def words(language: str) -> Words:
    """Return the notes in ``language``; English for any that has none of its own."""
    return _CHINESE if language.lower().startswith("zh") else _ENGLISH


def unknown(name: str, near: str | None, language: str) -> str:
    """Say that there is no command ``name``, and the one it is nearest to."""
    say = words(language)
    return f"{say.unknown.format(name=name)} {say.did_you_mean.format(name=near) if near else say.see_help}"
