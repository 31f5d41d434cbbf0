# Runs a command as on a machine with that resolv.conf: with-resolv-conf.sh FILE COMMAND... In a mount namespace of its own.
set -euo pipefail
mount --bind "$(readlink -f "$1")" "$(readlink -f /etc/resolv.conf)"
shift
exec "$@"
