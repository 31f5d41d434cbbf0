# systemd-resolved of one laptop, on a bus of its own: resolved.sh FOLDER PACKAGE, in the laptop's network. FOLDER holds what it writes.
set -euo pipefail
folder=$1 package=$2
user=systemd-resolve uid=3990
mkdir -p "$folder/systemd/resolve" /run/systemd
chown -R $uid:$uid "$folder/systemd/resolve"
mount --bind "$folder/systemd" /run/systemd
for file in passwd group; do cp /etc/$file "$folder/$file"; done
grep -q "^$user:" /etc/passwd || echo "$user:x:$uid:$uid::/:/usr/sbin/nologin" >>"$folder/passwd"
grep -q "^$user:" /etc/group || echo "$user:x:$uid:" >>"$folder/group"
for file in passwd group; do mount --bind "$folder/$file" /etc/$file; done
# A name server that is its own stub is none that it asks.
echo 'nameserver 127.0.0.53' >"$folder/resolv.conf"
mount --bind "$folder/resolv.conf" "$(readlink -f /etc/resolv.conf)"
cat >"$folder/bus.conf" <<END
<busconfig>
  <type>system</type>
  <listen>unix:path=$folder/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="error"/><allow receive_type="signal"/>
  </policy>
</busconfig>
END
dbus-daemon --config-file="$folder/bus.conf" --nofork --nopidfile &
until [ -S "$folder/bus" ]; do sleep 0.05; done
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$folder/bus LD_LIBRARY_PATH=$package/usr/lib/x86_64-linux-gnu/systemd
exec "$package/lib/systemd/systemd-resolved"
