# The first process of a world: gives it folders of its own, then runs the command and reaps whatever is left behind.
set -euo pipefail
hostname lab
mount -t sysfs -o ro sysfs /sys
mount -t tmpfs -o mode=755 lab-run /run
mkdir -p /run/netns /run/lab /run/sshd /run/lock
mount -t tmpfs -o mode=755 lab-disks /run/lab
# No name is looked up outside: the resolver asks loopback, where the look-up is refused and counted.
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >/run/lab/resolv.conf
mount --bind /run/lab/resolv.conf "$(readlink -f /etc/resolv.conf)"
printf '127.0.0.1 localhost lab\n::1 localhost\n' >/run/lab/hosts-file
mount --bind /run/lab/hosts-file /etc/hosts
ip link set lo up
exec 3<&0
"$@" <&3 &
exec 3<&-
wait $!
