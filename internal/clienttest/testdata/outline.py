"""Outlines each message of a folder as messagetest.Outline does, with Python's
package email: a line with the file's name, what the parser found wrong, and the
tree."""

import email
import os
import sys
import zlib


def kind(part):
    return part.get_content_type().split()[0]  # what is folded behind the type stays on it


def outline(part, wrong):
    wrong.update(type(d).__name__ for d in part.defects)
    if part.get_content_maintype() == "message" and part.get("Content-Transfer-Encoding", "").split()[:1] not in ([], ["7bit"], ["8bit"]):
        wrong.add("EncodedMessage")
    if part.get_content_maintype() == "message" and part.get_content_subtype() not in ("rfc822", "global"):
        wrong.add("OtherMessage")
    if part.is_multipart():
        return "%s(%s)" % (kind(part), " ".join(outline(p, wrong) for p in part.get_payload()))
    body = (part._payload or "").encode("ascii", "surrogateescape")  # get_payload() would convert its charset
    return "%s:%d:%08x" % (kind(part), len(body), zlib.crc32(body))


for name in sorted(os.listdir(sys.argv[1])):
    wrong = set()
    try:
        with open(os.path.join(sys.argv[1], name), "rb") as f:
            tree = outline(email.message_from_bytes(f.read()), wrong)
    except Exception as e:
        wrong, tree = {type(e).__name__}, "-"
    print(name, ",".join(sorted(wrong)) or "-", tree, sep="\t")
