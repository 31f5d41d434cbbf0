#!/usr/bin/env python3
"""Verifies a trail, its checkpoints and its recordings, by the pages audit-format.md and recording-format.md alone.
Needs Python 3.9 and the openssl command. Prints one JSON document; exit 1 when something is wrong.

  enchilada_verify.py --trail DIR [--checkpoints DIR] [--recordings DIR] [--key PEM]"""
import argparse, base64, gzip, hashlib, json, os, re, subprocess, sys, tempfile

ZEROS = "0" * 64
sha = lambda data: hashlib.sha256(data).hexdigest()
like = lambda pattern: lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.A) is not None
text = lambda value: isinstance(value, str)
number = lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)
whole = lambda value: number(value) and 0 < value <= 2**53 - 1 and value == value // 1
digest, time = like("[0-9a-f]{64}"), like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
is_writer, is_day, is_id = like("[A-Za-z0-9][A-Za-z0-9._-]{0,127}"), like(r"\d{4}-\d\d-\d\d\.jsonl"), like("[0-9a-f-]{36}")
one = lambda value: number(value) and value == 1
listed = lambda test: lambda value: isinstance(value, list) and all(map(test, value))
shape = lambda fields: lambda said: isinstance(said, dict) and all(test(said.get(name)) for name, test in fields.items())
maybe = lambda test: lambda value: value is None or test(value)
alike = lambda test, *names: dict.fromkeys(names, test)

is_record = shape({"v": one, "seq": whole, "prev": digest, "at": time, "source": lambda s: s in ("fact", "claim"),
                   "data": maybe(lambda d: isinstance(d, dict)), **alike(text, "writer", "kind", "actor", "subject"),
                   **alike(maybe(text), "scope", "session")})
is_checkpoint = shape({"at": time, "prev": digest, **alike(text, "key", "sig"),
                       "heads": listed(shape({"writer": text, "seq": whole, "hash": text}))})
is_session = shape({**alike(text, "id", "connectionId", "connectionName", "scope", "instanceId", "protocol", "personId",
                            "personName"), **alike(number, "startedAt", "cols", "rows")})
is_slice = shape({"n": whole, "sha256": text, **alike(number, "bytes", "events", "fromMs", "toMs")})
is_manifest = shape({"v": one, "session": is_session, "slices": listed(is_slice), "endedAt": number,
                     **alike(text, "reason", "head", "key", "sig")})

def parse(data):
    try:
        return json.loads(data.decode("utf-8"), parse_constant=lambda _: 1 / 0)  # NaN and Infinity are no JSON
    except (ValueError, ArithmeticError, RecursionError):
        return None

def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()

def signed(said, key):
    """The signature is over the canonical JSON of everything but `sig`; all our numbers are whole."""
    body = {name: value for name, value in said.items() if name != "sig"}
    data = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")
    try:
        sig = base64.b64decode(said["sig"] + "===")
    except ValueError:
        return False
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("data", data), ("sig", sig)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        hashed = [] if said["key"].startswith("ed25519:") else ["-digest", "sha256"]
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", *hashed, "-in", "data", "-sigfile", "sig"]
        return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0

def checkpoints(folder, key):
    heads, prev, last, n, path = {}, ZEROS, None, 0, os.path.join(folder, "checkpoints.jsonl")
    fault = lambda code: (heads, last, [{"code": code, "writer": "notary", "seq": n}])
    for n, line in enumerate(read(path).split(b"\n")[:-1] if os.path.exists(path) else [], 1):
        said = parse(line)
        if not is_checkpoint(said): return fault("checkpoint-unreadable")
        if not signed(said, key): return fault("checkpoint-forged")
        if said["prev"] != prev: return fault("checkpoint-order")
        prev, last = sha(line), said["at"]
        for head in said["heads"]: heads.setdefault(head["writer"], {})[head["seq"]] = head["hash"]
    return (heads, last, []) if last else fault("no-checkpoints")

def chain(folder, writer, heads, seals):
    names, seq, prev = sorted(filter(is_day, os.listdir(folder) if os.path.isdir(folder) else [])), 0, ZEROS
    fault = lambda code, at: (seq, [{"code": code, "writer": writer, "seq": at}])
    for name in names:
        *lines, rest = read(folder, name).split(b"\n")
        for line in lines + ([rest] if rest and name != names[-1] else []):
            said = parse(line)
            if not is_record(said) or said["writer"] != writer: return fault("not-a-record", seq + 1)
            if said["seq"] != seq + 1 or said["prev"] != prev or said["at"][:10] != name[:10]: return fault("broken-chain", seq + 1)
            seq, prev = seq + 1, sha(line)
            if heads.get(seq, prev) != prev: return fault("changed", seq)
            if said["kind"] == "recording.sealed": seals[said.get("session")] = (said.get("data") or {}).get("manifest")
    return fault("tail-cut", seq + 1) if seq < max(heads, default=0) else (seq, [])

def recording(folder, key, expected):
    names = os.listdir(folder) if os.path.isdir(folder) else []
    if "manifest.json" not in names: return ["not-sealed"]
    said, codes, head = parse(read(folder, "manifest.json")), [], ZEROS
    if not is_manifest(said): return ["manifest-unreadable"]
    if not signed(said, key): codes.append("manifest-forged")
    if expected is not None and sha(read(folder, "manifest.json")) != expected: codes.append("manifest-exchanged")
    if said["session"]["id"] != os.path.basename(folder): codes.append("wrong-recording")
    for one_slice in said["slices"]: head = sha((head + one_slice["sha256"]).encode())
    if head != said["head"] or any(s["n"] != n for n, s in enumerate(said["slices"], 1)): codes.append("chain-broken")
    sealed = {"%06d.slice" % s["n"]: s for s in said["slices"]}
    for name, facts in sealed.items():
        data = read(folder, name) if name in names else None
        if data is None: codes.append("slice-missing")
        elif len(data) != facts["bytes"] or sha(data) != facts["sha256"]: codes.append("slice-changed")
        elif gzip.decompress(data).count(b"\n") != facts["events"]: codes.append("slice-unreadable")
    return codes + ["slice-added" for name in names if re.search(r"\.slice(\.part)?$", name) and name not in sealed]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("trail", "checkpoints", "recordings", "key"): parser.add_argument("--" + name, required=name == "trail")
    args = parser.parse_args()
    key = os.path.abspath(args.key or os.path.join(args.checkpoints or "", "public-key.pem"))
    heads, last, faults = checkpoints(args.checkpoints, key) if args.checkpoints else ({}, None, [])
    writers = filter(is_writer, os.listdir(args.trail) if os.path.isdir(args.trail) else [])
    records, unsigned, seals = 0, 0, {}
    for writer in sorted({*writers, *heads}):
        signed_here = heads.get(writer, {})
        seq, found = chain(os.path.join(args.trail, writer), writer, signed_here, seals)
        records, unsigned, faults = records + seq, unsigned + max(0, seq - max(signed_here, default=0)), faults + found
    for name in sorted(filter(is_id, {*os.listdir(args.recordings), *seals}) if args.recordings else []):
        found = recording(os.path.join(args.recordings, name), key, seals.get(name))
        faults += [{"code": code, "recording": name} for code in found]
    print(json.dumps({"ok": not faults, "records": records, "unsigned": unsigned, "coveredUntil": last, "faults": faults}))
    return 1 if faults else 0

if __name__ == "__main__":
    sys.exit(main())
