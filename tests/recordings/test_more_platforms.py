"""Transcripts and chats of further platforms, by their documentation: words, voices and times as they were written, and roles where they were.

Sources: dialpad, Chorus, Amazon (real-time Contact Lens), Salesforce (conversation entries), Zendesk Chat, Freshchat, Crisp, HubSpot, Fireflies, tl;dv, Google
(CCAI, Insights, Chat, Meet), Azure Language, Vonage, Symbl, Sonix, CallRail, ElevenLabs (agents), Bland, tawk.to, Facebook and Skype (exports of one's
data), Jitsi, Teams, Loom, Circleback, shops of Taobao, QQ.
"""

from __future__ import annotations

import json

import pytest

from qa_pipeline.call import Role
from qa_pipeline.recordings.transcripts import parse_transcripts, why_no_dialogue

HELLO, HI = "Hello there.", "Hi."
SINCE_1970 = 1_741_079_520_000
SAID = ((3, "a", HELLO), (7, "b", HI))


def _moment(second: int) -> str:
    return f"2025-03-04T09:12:{second:02d}.000Z"


TEXTS: dict[str, str] = {
    "meet.txt": f"Meeting with Ben\n2025/03/04 10:12 CET - Transcript\n\nAttendees\nAnna Nowak, Ben Kos\n\nTranscript\n\n00:00:03\n\nAnna Nowak: {HELLO}\n\n00:00:07\n\nBen Kos: {HI}\n",
    "teams_copy.txt": f"Anna Nowak\n0 minutes 3 seconds\n0:03\n{HELLO}\nBen Kos\n0 minutes 7 seconds\n0:07\n{HI}\n",
    "assembly_mc.json": json.dumps({"id":"x","status":"completed","audio_channels":2,"multichannel":True,"utterances":[{"text":t,"start":s*1000,"end":s*1000+900,"confidence":.9,"speaker":"1A" if w=='a' else "2A","channel":"1" if w=='a' else "2","words":[]} for s,w,t in SAID]}),
    "whispercpp_di.json": json.dumps({"systeminfo":"x","model":{"type":"base"},"params":{},"result":{"language":"en"},"transcription":[{"timestamps":{"from":f"00:00:0{s},000","to":f"00:00:0{s},900"},"offsets":{"from":s*1000,"to":s*1000+900},"text":" "+t,"speaker":"0" if w=='a' else "1"} for s,w,t in SAID]}),
    "whispercpp.csv": f"start,end,speaker,text\n3000,3900,0,\" {HELLO}\"\n7000,7900,1,\" {HI}\"\n",
    "whisper.tsv": f"start\tend\ttext\n3000\t3900\t{HELLO}\n7000\t7900\t{HI}\n",
    "dialpad.json": json.dumps({"call_id":"123","lines":[{"contact_id":"c","content":HELLO,"name":"Anna Nowak","time":_moment(3),"type":"transcript","user_id":"9"},{"content":"pricing","name":"Anna Nowak","time":_moment(4),"type":"moment"},{"content":HI,"name":"Ben Kos","time":_moment(7),"type":"transcript","contact_id":"5"}]}),
    "chorus.json": json.dumps({"utterances":[{"snippet":t,"snippet_timestamp":float(s),"snippet_duration":.9,"speaker_name":"Anna" if w=='a' else "Ben","speaker_type":"rep" if w=='a' else "cust"} for s,w,t in SAID]}),
    "lens_rt.json": json.dumps({"Segments":[{"Transcript":{"Id":str(s),"ParticipantId":"AGENT" if w=='a' else "CUSTOMER","ParticipantRole":"AGENT" if w=='a' else "CUSTOMER","Content":t,"BeginOffsetMillis":s*1000,"EndOffsetMillis":s*1000+900,"Sentiment":"NEUTRAL"}} for s,w,t in SAID]+[{"Categories":{"MatchedCategories":[]}}]}),
    "sf_entries.json": json.dumps({"conversationEntries":[{"messageText":t,"clientTimestamp":SINCE_1970+s*1000,"serverReceivedTimestamp":SINCE_1970+s*1000,"identifier":str(s),"sender":{"role":"Agent" if w=='a' else "EndUser","subject":"005"},"type":"Message"} for s,w,t in SAID]}),
    "zendesk_hist.json": json.dumps({"id":"2503","type":"chat","visitor":{"name":"Ben"},"agent_names":["Anna"],"history":[{"type":"chat.memberjoin","name":"Ben","timestamp":_moment(1)}]+[{"type":"chat.msg","name":"Anna" if w=='a' else "Ben","sender_type":"Agent" if w=='a' else "Visitor","msg":t,"timestamp":_moment(s)} for s,w,t in SAID]}),
    "freshchat.json": json.dumps({"messages":[{"message_parts":[{"text":{"content":t}}],"actor_type":"agent" if w=='a' else "user","created_time":_moment(s),"message_type":"normal","id":str(s)} for s,w,t in SAID]}),
    "crisp.json": json.dumps({"error":False,"data":[{"session_id":"s","type":"text","from":"operator" if w=='a' else "user","content":t,"timestamp":SINCE_1970+s*1000,"user":{"nickname":"x"}} for s,w,t in SAID]}),
    "hubspot.json": json.dumps({"id":"1","transcriptSource":"HUBSPOT","transcriptUtterances":[{"speaker":{"id":w,"name":"Anna" if w=='a' else "Ben","email":"a@b.c"},"text":t,"languageCode":"en-US","startTimeMillis":s*1000,"endTimeMillis":s*1000+900} for s,w,t in SAID]}),
    "fireflies.json": json.dumps({"data":{"transcript":{"id":"x","title":"c","sentences":[{"index":0,"speaker_name":"Anna" if w=='a' else "Ben","speaker_id":0,"text":t,"raw_text":t,"start_time":float(s),"end_time":s+.9} for s,w,t in SAID]}}}),
    "tldv.json": json.dumps({"id":"1","meetingId":"m","data":[{"speaker":"Anna" if w=='a' else "Ben","text":t,"startTime":float(s),"endTime":s+.9} for s,w,t in SAID]}),
    "ccai.json": json.dumps({"conversation_info":{"categories":[]},"entries":[{"startTimestampUsec":(SINCE_1970+s*1000)*1000,"text":t,"role":"AGENT" if w=='a' else "CUSTOMER","userId":1} for s,w,t in SAID]}),
    "insights.json": json.dumps({"name":"projects/p/conversations/c","transcript":{"transcriptSegments":[{"text":t,"words":[{"startOffset":f"{s}s","endOffset":f"{s}.900s","word":t}],"languageCode":"en-US","channelTag":1 if w=='a' else 2,"segmentParticipant":{"role":"HUMAN_AGENT" if w=='a' else "END_USER"}} for s,w,t in SAID]}}),
    "azlang.json": json.dumps({"displayName":"x","analysisInput":{"conversations":[{"id":"1","language":"en","modality":"transcript","conversationItems":[{"participantId":"agent_1" if w=='a' else "customer_1","id":str(s),"text":t,"role":"Agent" if w=='a' else "Customer","conversationItemLevelTiming":{"offset":s*10**7,"duration":9*10**6}} for s,w,t in SAID]}]}}),
    "vonage.json": json.dumps({"ver":"1.0.0","request_id":"r","channels":[{"transcript":[{"sentence":HELLO,"raw_sentence":"hello there","start":3000,"duration":900,"words":[]}]},{"transcript":[{"sentence":HI,"raw_sentence":"hi","start":7000,"duration":900,"words":[]}]}]}),
    "symbl.json": json.dumps({"messages":[{"id":str(s),"text":t,"from":{"id":w,"name":"Anna" if w=='a' else "Ben"},"startTime":_moment(s),"endTime":_moment(s+1),"timeOffset":float(s),"duration":.9,"conversationId":"5"} for s,w,t in SAID]}),
    "sonix.json": json.dumps({"name":"x","transcript":[{"speaker":"Speaker1" if w=='a' else "Speaker2","start_time":float(s),"end_time":s+.9,"text":t} for s,w,t in SAID]}),
    "callrail.json": json.dumps({"id":"CAL1","transcription":f"Agent: {HELLO}\nCaller: {HI}","conversational_transcript":[{"speaker":"Agent" if w=='a' else "Caller","phrase":t,"start":float(s),"end":s+.9} for s,w,t in SAID]}),
    "openai_chat.json": json.dumps({"messages":[{"role":"system","content":"You are"},{"role":"assistant","content":HELLO},{"role":"user","content":HI}]}),
    "eleven_agents.json": json.dumps({"agent_id":"a","conversation_id":"c","status":"done","transcript":[{"role":"agent" if w=='a' else "user","message":t,"time_in_call_secs":s} for s,w,t in SAID]}),
    "bland.json": json.dumps({"call_id":"x","concatenated_transcript":"…","transcripts":[{"id":s,"created_at":_moment(s),"text":t,"user":"assistant" if w=='a' else "user","c_id":"x"} for s,w,t in SAID]}),
    "tawk.json": json.dumps({"id":"x","messages":[{"sender":{"t":"a" if w=='a' else "v","n":"Anna" if w=='a' else "Ben"},"type":"msg","msg":t,"time":_moment(s)} for s,w,t in SAID]}),
    "qianniu.txt": f"小林 (2025-03-04 10:12:03):\n{HELLO}\n\ntb张三 (2025-03-04 10:12:07):\n{HI}\n",
    "qq.txt": f"2025-03-04 10:12:03 小林(12345678)\n{HELLO}\n\n2025-03-04 10:12:07 张三(87654321)\n{HI}\n",
    "facebook.json": json.dumps({"participants":[{"name":"Ben"},{"name":"Anna"}],"messages":[{"sender_name":"Ben","timestamp_ms":SINCE_1970+7000,"content":HI,"is_geoblocked_for_viewer":False},{"sender_name":"Anna","timestamp_ms":SINCE_1970+3000,"content":HELLO}],"title":"Ben"}),
    "googlechat.json": json.dumps({"messages":[{"creator":{"name":"Anna" if w=='a' else "Ben","email":"a@b","user_type":"Human"},"created_date":f"Tuesday, March 4, 2025 at 9:12:{s:02d} AM UTC","text":t,"topic_id":"x"} for s,w,t in SAID]}),
    "skype.json": json.dumps({"userId":"8:a","conversations":[{"id":"8:b","displayName":"Ben","MessageList":[{"id":str(s),"displayName":"Anna" if w=='a' else "Ben","originalarrivaltime":_moment(s),"messagetype":"RichText","content":t,"from":"8:"+w} for s,w,t in reversed(SAID)]}]}),
    "jitsi.txt": f"Transcript of conference held at Mar 4, 2025 in room x\nInitial people present at start of transcript:\n\n\tAnna Nowak\n\tBen Kos\n\n\nTranscript:\n\n<10:12:03> Anna Nowak: {HELLO}\n<10:12:07> Ben Kos: {HI}\n",
    "loom.vtt": f"WEBVTT\n\n1 - Anna Nowak\n00:00:03.000 --> 00:00:04.000\n{HELLO}\n\n2 - Ben Kos\n00:00:07.000 --> 00:00:08.000\n{HI}\n",
    "circleback.txt": f"**Anna Nowak** *0:03*\n{HELLO}\n\n**Ben Kos** *0:07*\n{HI}\n",
}  # fmt: skip
# Which say who is the agent.
KNOWN = {
    "chorus.json", "lens_rt.json", "sf_entries.json", "zendesk_hist.json", "freshchat.json", "crisp.json", "ccai.json", "insights.json", "azlang.json",
    "callrail.json", "eleven_agents.json",
}  # fmt: skip
# Which have no times at all, or none of their own.
UNTIMED = {"openai_chat.json"}


@pytest.mark.parametrize("name", TEXTS)
def test_words_voices_and_times_are_those_that_were_written(name: str) -> None:
    content = TEXTS[name].encode()
    (dialogue,) = parse_transcripts(content, name).dialogues
    # In a folder, too: tables are looked into elsewhere.
    assert not dialogue.faults and (name.endswith(("csv", "tsv")) or why_no_dialogue(content, name) is None)
    first, second = dialogue.lines
    assert (first.text, second.text) == (HELLO, HI)
    assert name == "whisper.tsv" or (first.label, first.role) != (second.label, second.role)
    if name in UNTIMED:
        assert (first.start_ms, second.start_ms) == (None, None)
    else:
        assert first.start_ms in (0, 3000) and second.start_ms == first.start_ms + 4000
    if name in KNOWN:
        assert (first.role, second.role) == (Role.AGENT, Role.CUSTOMER)


def test_what_a_model_is_told_and_what_its_tools_answer_was_said_by_nobody() -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": HI}, {"role": "tool", "content": "{}"}]
    (dialogue,) = parse_transcripts(
        json.dumps({"messages": [*messages, {"role": "assistant", "content": HELLO}]}).encode(), "t.json"
    ).dialogues
    assert [line.text for line in dialogue.lines] == [HI, HELLO]


def test_a_time_alone_between_sentences_is_no_layout_of_a_program() -> None:
    text = f"agent: {HELLO}\n0:30\ncustomer: {HI}\n"
    (dialogue,) = parse_transcripts(text.encode(), "t.txt").dialogues
    assert [line.text.split("\n")[0] for line in dialogue.lines] == [HELLO, HI]
