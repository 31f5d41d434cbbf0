"""Watches over a single-use VPN server from within: logs who is connected, and powers off when nobody needs it any more.

Python's own library only, 3.9 or later, so that the image needs no package. guard.py CONFIG, as JSON; all times in seconds.
"""
import datetime, hashlib, hmac, json, os, socket, subprocess, sys, threading, time, urllib.request

config = json.loads(sys.argv[1])
METADATA = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254") + "/latest/"
SILENT = 10  # The laptop is heard four times a second: so long without a word is a lost connection.
LOG_TRIES_S = 8  # A log that does not answer delays the end by this and no more.
MEASURE_EVERY = 60
started = time.time()


def metadata(path):
    ask = urllib.request.Request(METADATA + "api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
    token = urllib.request.urlopen(ask, timeout=2).read().decode()
    ask = urllib.request.Request(METADATA + "meta-data/" + path, headers={"X-aws-ec2-metadata-token": token})
    return urllib.request.urlopen(ask, timeout=2).read().decode()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def call_logs(action, body):
    """Signature Version 4 (IAM User Guide, "Create a signed AWS API request")."""
    role = metadata("iam/security-credentials/").split()[0]
    keys = json.loads(metadata("iam/security-credentials/" + role))
    region, env = config["region"], os.environ
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    url = env.get("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS") or env.get("AWS_ENDPOINT_URL") or f"https://logs.{region}.{suffix}"
    data = json.dumps(body).encode()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    signed = {"content-type": "application/x-amz-json-1.1", "host": url.split("//")[1].rstrip("/"), "x-amz-date": now}
    signed.update({"x-amz-security-token": keys["Token"], "x-amz-target": "Logs_20140328." + action})
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    request = "\n".join(["POST", "/", "", lines, names, hashlib.sha256(data).hexdigest()])
    scope = f"{now[:8]}/{region}/logs/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + keys["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        key = sign(key, part)
    proof = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    signed["authorization"] = f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/{scope}, SignedHeaders={names}, Signature={proof}"
    del signed["host"]
    urllib.request.urlopen(urllib.request.Request(url + "/", data=data, headers=signed), timeout=3).read()


waiting, measured, streams_made, sending = [], [], set(), threading.Lock()


def send(stream, events):
    place = {"logGroupName": config["logGroup"], "logStreamName": stream}
    if stream not in streams_made:
        try:
            call_logs("CreateLogStream", place)
        except urllib.error.HTTPError as error:
            if b"AlreadyExists" not in error.read():
                raise
        streams_made.add(stream)
    told = list(events)
    call_logs("PutLogEvents", {**place, "logEvents": told})
    del events[: len(told)]


def send_log():
    with sending:
        try:
            if waiting:
                send(config["lease"], waiting)
            # Apart: the connection log holds its records and nothing else.
            if measured:
                send(config["lease"] + "-metrics", measured)
        except Exception as error:
            print("log:", error, flush=True)


def keep_log():
    """Beside the watch: the laptop is answered however long the log takes."""
    while True:
        time.sleep(0.2)
        send_log()


def count(name, devices=None):
    return sum(int(open(f"/sys/class/net/{one}/statistics/{name}").read()) for one in devices or config["devices"])


def transport():
    """Of the device that brought the most."""
    return config["devices"][max(config["devices"], key=lambda one: count("rx_packets", [one]))]


def forwarded():
    """Packets passed on; what ends here (the laptop's own sign of life) is not among them. RFC 4293 ipForwDatagrams."""
    names, values = [line.split() for line in open("/proc/net/snmp") if line.startswith("Ip:")]
    return int(values[names.index("ForwDatagrams")])


def stamp(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


connected_at, last_heard, connection, before = None, None, 0, {}


def record(kind, reason):
    """The shape of AWS Client VPN's connection log, so that queries written for it run unchanged."""
    now = time.time()
    counts = {name: count(name) - before[name] for name in before}
    waiting.append({"timestamp": int(now * 1000), "message": json.dumps({
        "connection-log-type": kind,
        "connection-attempt-status": "successful" if kind == "connection-attempt" else "NA",
        "connection-reset-status": "successful" if kind == "connection-reset" else "NA",
        "connection-attempt-failure-reason": "NA",
        "connection-id": f"{config['lease']}-{connection}",
        "client-vpn-endpoint-id": config["environment"],
        "transport-protocol": transport(),
        "connection-start-time": stamp(connected_at),
        "connection-last-update-time": stamp(now),
        "connection-end-time": stamp(now) if kind == "connection-reset" else "NA",
        "client-ip": config["clientAddress"],
        "common-name": config["owner"],
        "username": config["owner"],
        "device-type": "NA", "device-ip": "NA", "port": "NA",
        "ingress-bytes": str(counts["rx_bytes"]), "egress-bytes": str(counts["tx_bytes"]),
        "ingress-packets": str(counts["rx_packets"]), "egress-packets": str(counts["tx_packets"]),
        "connection-duration-seconds": str(int(now - connected_at)),
        "lease": config["lease"], "reason": reason,
    })})


bytes_before = {"rx_bytes": 0, "tx_bytes": 0}
UNITS = {"Connected": "Count", "BytesIn": "Bytes", "BytesOut": "Bytes", "Age": "Seconds"}


def measure():
    """Lines that CloudWatch also counts (User Guide, "Embedded metric format"): the role may write a log and nothing else."""
    now = time.time()
    passed_now = {name: count(name) for name in bytes_before}
    gained = {name: passed_now[name] - bytes_before[name] for name in bytes_before}
    bytes_before.update(passed_now)
    metrics = [{"Name": name, "Unit": unit} for name, unit in UNITS.items()]
    directive = {"Namespace": "Enchilada/Tunnel", "Dimensions": [["Environment"]], "Metrics": metrics}
    measured.append({"timestamp": int(now * 1000), "message": json.dumps({
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]},
        "Environment": config["environment"], "lease": config["lease"],
        "Connected": int(connected_at is not None), "Age": int(now - started),
        "BytesIn": gained["rx_bytes"], "BytesOut": gained["tx_bytes"],
    })})


def connect():
    global connected_at, connection, before
    connected_at, connection = time.time(), connection + 1
    before = {name: count(name) for name in ("rx_bytes", "tx_bytes", "rx_packets", "tx_packets")}
    record("connection-attempt", "NA")
    measure()


def disconnect(reason):
    global connected_at
    if connected_at:
        record("connection-reset", reason)
    connected_at = None


def end(reason):
    measure()
    disconnect(reason)
    print("ending:", reason, flush=True)
    give_up = time.time() + LOG_TRIES_S
    send_log()
    while waiting and time.time() < give_up:
        time.sleep(0.2)
        send_log()
    subprocess.run(["poweroff"])
    sys.exit(0)


def read_until():
    """`extend` moves the tag; user data caps it."""
    try:
        return min(float(metadata("tags/instance/enchilada:until")), config["longest"] + started)
    except Exception:
        return None


door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
door.bind((config["serverAddress"], config["port"]))
door.settimeout(0.5)
until, looked_at, active_at, passed = started + config["ttl"], started, started, forwarded()
measured_at = started
threading.Thread(target=keep_log, daemon=True).start()
print("guarding", config["lease"], flush=True)
while True:
    try:
        word, peer = door.recvfrom(64)
        last_heard = time.time()
        if not connected_at:
            connect()
        door.sendto(json.dumps({"until": int(until), "ending": word == b"down"}).encode(), peer)
        if word == b"down":
            end("client-disconnect")
    except socket.timeout:
        pass
    now = time.time()
    if now - looked_at > 20:
        until, looked_at = read_until() or until, now
    if now - measured_at > MEASURE_EVERY:
        measure()
        measured_at = now
    if forwarded() != passed:
        passed, active_at = forwarded(), now
    if connected_at and now - last_heard > SILENT:
        disconnect("peer-silent")
    if last_heard is None and now - started > config["firstHandshake"]:
        end("never-connected")
    if last_heard and now - last_heard > config["grace"]:
        end("peer-lost")
    if now - active_at > config["idle"]:
        end("idle")
    if now > until:
        end("time-to-live")
