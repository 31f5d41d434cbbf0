# Makes the inside of a host: the machine's own files below a disk of its own, then its boot.
# Runs in fresh mount, process, IPC and host-name namespaces. host-init.sh DISK NAME MASKED_FOLDER...
set -euo pipefail
disk=$1 name=$2
shift 2
new=$disk/root
hostname "$name"
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" "$new"
for folder in "$@"; do
  if [ -d "$new$folder" ]; then mount -t tmpfs -o mode=755,size=1m masked "$new$folder"; fi
done
for own in home root tmp var/tmp etc/ssh; do mount --bind "$disk/own/$own" "$new/$own"; done
mount -t proc proc "$new/proc"
# The host may set its network; the rest of the kernel's settings are everybody's.
for shared in sys/kernel sys/vm sys/fs sys/dev sysrq-trigger; do
  if [ -e "$new/proc/$shared" ]; then
    mount --bind "$new/proc/$shared" "$new/proc/$shared"
    mount -o remount,ro,bind "$new/proc/$shared"
  fi
done
mount -t sysfs -o ro sysfs "$new/sys"
mount -t tmpfs -o mode=755 run "$new/run"
mount -t tmpfs -o mode=755 dev "$new/dev"
for node in null zero full random urandom tty net/tun; do
  if [ -e "/dev/$node" ]; then
    mkdir -p "$(dirname "$new/dev/$node")"
    touch "$new/dev/$node"
    mount --bind "/dev/$node" "$new/dev/$node"
  fi
done
mkdir -p "$new/dev/pts" "$new/dev/shm" "$new/run/sshd" "$new/run/lock"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$new/dev/pts"
mount -t tmpfs -o mode=1777 shm "$new/dev/shm"
ln -s pts/ptmx "$new/dev/ptmx"
ln -s /proc/self/fd "$new/dev/fd"
ln -s /proc/self/fd/0 "$new/dev/stdin"
ln -s /proc/self/fd/1 "$new/dev/stdout"
ln -s /proc/self/fd/2 "$new/dev/stderr"
cd "$new"
pivot_root . .
umount -l .
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 AWS_ENDPOINT_URL=http://169.254.171.1 \
  setpriv --bounding-set -sys_boot,-sys_module,-sys_rawio,-sys_time /usr/local/sbin/boot
