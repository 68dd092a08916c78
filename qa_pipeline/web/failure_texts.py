"""What a night says of calls that it could not process, in the words of a page: stages, what was found, what to do; and what models are for.

Failures are kept in the language of the interface, as commands print them. The names, numbers and words that stand in one stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from qa_pipeline.web.translations import Texts, marked
from qa_pipeline.web.wording import as_raised, in_words

STAGES: Mapping[str, str] = {
    "ingest": marked("finding it"),
    "decode": marked("reading the recording"),
    "speech": marked("recognising speech"),
    "diarize": marked("telling voices apart"),
    "meaning": marked("reading by meaning"),
    "score": marked("scoring"),
    "ask": marked("asking the language model"),
}
"""What was being done when it failed (column `stage` of `failures`)."""
PURPOSES: Mapping[str, str] = {
    "asr": marked("recognising speech"),
    "segmentation": marked("finding where somebody speaks"),
    "embedding": marked("telling voices apart"),
    "diarization": marked("telling who speaks when"),
    "encoder": marked("reading by meaning"),
    "sentiment": marked("feeling of words"),
}
"""What a model is for."""
NO_RECORDINGS: Mapping[str, str] = as_raised(
    marked("packed with gzip"),
    marked("a ZIP"),
    marked("an archive of 7-Zip"),
    marked("a RAR archive"),
    marked("a PDF"),
    marked("encrypted ({how})"),
    marked("a pointer of Git LFS"),
    marked("a web page"),
    marked("a document in XML"),
    marked("JSON"),
    marked("empty"),
    marked("nothing but zero bytes where it begins"),
    marked("text"),
)
"""What a file is instead of a recording (`recordings.mistaken`)."""
FOUND: Mapping[str, str] = as_raised(
    marked("{file} is {what}, and no recording."),
    marked("{file} has sound of its own on {count} channels; one or two are wanted."),
    marked("Call id {call} is given to {files}."),
    marked("{file} has {rate} Hz, which cannot be brought to ours."),
    marked("{file} holds no call {call}."),
    marked("{place}: {file} lies in none of the folders that this run was given."),
    marked("{file} breaks off before its index, without which nothing in it can be decoded."),
    marked("{file} cannot be played: {why}"),
    marked("{file} could not be read ({why})."),
    marked("{file} has more than {most} MB."),
    marked("{file} has no audio track."),
    marked("{file} has {count} channels; one or two are wanted."),
    marked("{file} has {rate} Hz; at least 8000 are wanted."),
    marked("{file} has {count} audio tracks, of {shapes} channels; two tracks of one party each are wanted."),
    marked("{file} holds more than {most} hours of sound."),
    marked("{file} holds no sound that can be decoded."),
    marked("{file} holds no sound."),
    marked("{file} is a pipe, a socket or a device, and no file."),
    marked("{file} is a WAV with the bytes of its numbers the other way round (RIFX)."),
    marked("{file} is not a file."),
    marked("{file} is not audio that can be decoded ({why})."),
    marked("{file} is not there."),
    marked("{file} is sound of a kind that cannot be decoded ({kind})."),
    marked("{file} may not be read."),
    marked("{file}: a file of the two holds both parties already."),
    marked("the transcript has {count} fault: {shown}"),
    marked("the transcript has {count} faults: {shown}"),
    marked("The regular expression {pattern} takes more than {most} s for one utterance."),
    marked("could not be scored."),
    marked("the worker process ended while it had this call (exit code {code})."),
    marked("took its worker process down while it was scored."),
    marked("took longer than {most} s and was stopped."),
    marked("took too long to score and was stopped."),
    marked("{error} while listening."),
    marked("The language model does not answer: {error}."),
    marked("The language model's server answers {code}."),
    marked("The language model's answer has no end."),
    marked("The language model took longer than {most} s."),
    marked("{model}: not pulled"),
    marked("{model}: {file} is damaged"),
    marked("{model}: was assembled from another manifest"),
    marked("{model}: {file} is missing"),
    marked("{model}: {file} has SHA-256 {found}, wanted {wanted}"),
    marked("The language model's answer is not of the form that was asked for."),
)
"""What was found: in a call, and in the files of a model."""
CURES: Mapping[str, str] = as_raised(
    marked("Unpack it: {command}."),
    marked("Unpack it, and name the recording in it."),
    marked("Fetch the recording anew."),
    marked("Decrypt it first, with the key of the recorder or of whoever sent it."),
    marked("Fetch what it points to: git lfs pull."),
    marked(
        "It was saved instead of the recording, as where a download needs a sign-in or its link has run out: open it in an editor, and fetch the recording anew."
    ),
    marked("Copy it again from the recorder: the copy was begun and never written."),
    marked("Export the channels of the two parties, the first and the second as: {command}."),
    marked("Give each recording its own call_id; none of these is processed until then."),
    marked("Check that the file is whole and is a recording: wav, mp3, ogg, m4a, flac …"),
    marked("Export it from the recorder in another form, such as WAV (PCM), MP3 or Opus."),
    marked("Open the call again when the machine is less busy."),
    marked("Copy it again from the recorder: it may be damaged."),
    marked("Export it again, or take the row out of the metadata."),
    marked("Put it below the folder of the metadata, name its folder as a source too, or add it to the setting recording_folders."),
    marked("Copy it again from the recorder, which may have been stopped while it wrote."),
    marked("Check that the file is still there and whole."),
    marked("It is tried again; check the disk or the connection if it stays."),
    marked("Split it into several files."),
    marked("Export the call with its sound."),
    marked("Export it as mono, or as stereo with one party a side."),
    marked("Export it at 8 kHz or more."),
    marked("Export one track, or a track a party: {command}."),
    marked("Split it into its calls: {command}."),
    marked("The file is empty or damaged: copy it again from the recorder."),
    marked("The file is empty: copy it again from the recorder."),
    marked("Name a recording, or take it out of the folder."),
    marked("Convert it: {command}."),
    marked("Name a recording in the column `file`."),
    marked("If it is sound without a header, say how it is read: --raw {usual}."),
    marked("Check the path, or take the row out of the metadata."),
    marked("Give this user the right to read it."),
    marked("Join files of one party each; run this one by itself."),
    marked("Write it more narrowly, as with possessive repeats (`\\w++`), or as a plain phrase; then score the call again."),
    marked("Please report it with the name of the error."),
    marked("It is tried again in the next run; if it happens again, the recording may be damaged or memory short."),
    marked("It is tried again by the next rescore; a phrase of the rubric may ask for too much."),
    marked("It is tried again in the next run; raise call_timeout_seconds or call_timeout_factor if the machine is slow."),
    marked("It is tried again; check memory, disk and connection if it stays."),
    marked("Look whether its server runs at ask_url."),
    marked("Its own log says why; ask_model and ask_key may be wrong."),
    marked("Another model may keep to the form that is asked for."),
    marked("Raise ask_timeout_seconds, or ask less at once (ask_at_once)."),
    marked("A server that keeps to JSON schemas is needed (docs/ask.md); another model may do better."),
)
"""What to do about it."""


def stage_in_words(texts: Texts, stage: str) -> str:
    """What was being done, in somebody's language."""
    return in_words(texts, stage, STAGES)


def purpose_in_words(texts: Texts, purpose: str) -> str:
    """What a model is for, in somebody's language."""
    return in_words(texts, purpose, PURPOSES)


def found_in_words(texts: Texts, said: str) -> str:
    """What was found in a call that failed, in somebody's language."""
    return in_words(texts, said, FOUND, places={"what": lambda what: in_words(texts, what, NO_RECORDINGS)})


def cure_of_failure(texts: Texts, said: str) -> str:
    """What to do about it, in somebody's language."""
    return in_words(texts, said, CURES)
