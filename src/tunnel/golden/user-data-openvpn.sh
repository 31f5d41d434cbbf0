#!/bin/bash
# Single-use VPN server lease-0123456789ab, made by enchilada. It ends by itself.
umask 077
# The last of the dead-men: needs nothing below to have worked.
setsid bash -c 'sleep 43200; poweroff' </dev/null >/dev/null 2>&1 &
mkdir -p /etc/enchilada/clients
echo 'ifconfig-push 198.18.0.6 255.255.255.252' >/etc/enchilada/clients/client
cat >/etc/enchilada/server.conf <<'END'
mode server
tls-server
tls-version-min 1.3
dh none
port 443
dev-type tun
topology subnet
push "topology subnet"
ifconfig 198.18.0.5 255.255.255.252
ifconfig-noexec
client-config-dir /etc/enchilada/clients
ccd-exclusive
keepalive 2 6
persist-tun
tun-mtu 1420
disable-dco
peer-fingerprint AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB:AB
<cert>
-----BEGIN CERTIFICATE-----
Y2VydGlmaWNhdGVjZXJ0aWZpY2F0ZWNlcnRpZmljYXRlY2VydGlmaWNhdGVjZXJ0
aWZpY2F0ZWNlcnRpZmljYXRlY2VydGlmaWNhdGVjZXJ0aWZpY2F0ZWNlcnRpZmlj
YXRlY2VydGlmaWNhdGVjZXJ0aWZpY2F0ZWNlcnRpZmljYXRlY2VydGlmaWNhdGVj
ZXJ0aWZpY2F0ZWNlcnRpZmljYXRlY2VydGlmaWNhdGVjZXJ0aWZpY2F0ZWNlcnRp
ZmljYXRlY2VydGlmaWNhdGVjZXJ0aWZpY2F0ZWNlcnRpZmljYXRlY2VydGlmaWNh
dGVjZXJ0aWZpY2F0ZWNlcnRpZmljYXRlY2VydGlmaWNhdGVjZXJ0
-----END CERTIFICATE-----
</cert>
<key>
-----BEGIN PRIVATE KEY-----
cHJpdmF0ZSBrZXlwcml2YXRlIGtleXByaXZhdGUga2V5cHJpdmF0ZSBrZXlwcml2
YXRlIGtleXByaXZhdGUga2V5cHJpdmF0ZSBrZXlwcml2YXRlIGtleXByaXZhdGUg
a2V5cHJpdmF0ZSBrZXlwcml2YXRlIGtleXByaXZhdGUga2V5cHJpdmF0
-----END PRIVATE KEY-----
</key>
<tls-crypt>
-----BEGIN OpenVPN Static key V1-----
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
-----END OpenVPN Static key V1-----
</tls-crypt>
END
for device in enchilada0 enchilada1; do
  printf '[NetDev]\nName=%s\nKind=tun\n' $device >/etc/systemd/network/60-$device.netdev
done
printf '[Match]\nName=enchilada1\n[Network]\nLinkLocalAddressing=no\nConfigureWithoutCarrier=yes\n' >/etc/systemd/network/61-enchilada.network
command -v openvpn >/dev/null || timeout 120 dnf -qy install openvpn
cat >/etc/systemd/network/60-enchilada.network <<'END'
[Match]
Name=enchilada0
[Network]
Address=198.18.0.5/30
IPMasquerade=ipv4
LinkLocalAddressing=no
ConfigureWithoutCarrier=yes
END
chown root:systemd-network /etc/systemd/network/6*-enchilada*
chmod 640 /etc/systemd/network/6*-enchilada*
read -r _ _ gateway _ card _ < <(ip -4 route show default)
own=$(ip -4 -o addr show dev "$card" | awk '{ print $4; exit }')
# Protocol kernel: networkd takes away rules and routes that it did not make, but for those.
fence() { ip rule add protocol kernel pref "$@"; }
for device in enchilada0 enchilada1; do
  fence 10 iif $device to 198.18.0.5 ipproto udp dport 51821 lookup local
  fence 11 iif $device to 10.0.0.2/32 ipproto tcp dport 53 lookup 4511
  fence 11 iif $device to 10.0.0.2/32 ipproto udp dport 53 lookup 4511
  fence 11 iif $device lookup 4510
  fence 12 iif $device unreachable
  # Of IPv6 nothing is leased, and the metadata service has an address there too.
  ip -6 rule add protocol kernel pref 12 iif $device unreachable
done
fence 20 lookup local
ip rule del pref 0
ip -6 rule add protocol kernel pref 20 lookup local
ip -6 rule del pref 0
lead() { ip route add "$1" via "$gateway" dev "$card" proto kernel table "$2"; }
lead 10.0.0.0/16 4510
lead 10.1.0.0/16 4510
lead 10.0.0.2/32 4511
for closed in "${own%/*}" 169.254.0.0/16; do
  for table in 4510 4511; do ip route add unreachable "$closed" proto kernel table $table; done
done
ip route replace throw 10.0.0.2 proto kernel table 4510
# Beneath the device's own route: what is for a client that is gone goes nowhere.
ip route add unreachable 198.18.0.4/30 metric 9999 proto kernel
sysctl -qw net.ipv4.ip_forward=1
networkctl reload
for _ in {1..200}; do
  ip -4 addr show dev enchilada0 2>/dev/null | grep -q inet && break
  sleep 0.05
done
listen() { openvpn --config /etc/enchilada/server.conf --log-append /var/log/enchilada-openvpn.log --daemon "$@"; }
listen udp --proto udp --fast-io --sndbuf 1048576 --rcvbuf 1048576 --dev enchilada0
listen tcp --proto tcp-server --dev enchilada1 --socket-flags TCP_NODELAY --script-security 2 --client-connect "/bin/bash -c '/usr/sbin/ip route replace 198.18.0.6 dev enchilada1 proto kernel'"
mkdir -p /usr/local/lib/enchilada
cat >/usr/local/lib/enchilada/guard.py <<'END'
(guest/guard.py)
END
setsid bash -c 'python3 /usr/local/lib/enchilada/guard.py "$1"; poweroff' guard '{"lease":"lease-0123456789ab","environment":"customer-a","owner":"ada@example.org","region":"eu-west-1","logGroup":"/enchilada/tunnel","devices":{"enchilada0":"udp","enchilada1":"tcp"},"serverAddress":"198.18.0.5","clientAddress":"198.18.0.6","port":51821,"ttl":28800,"longest":43200,"firstHandshake":180,"grace":300,"idle":3600}' </dev/null >>/var/log/enchilada-guard.log 2>&1 &
