# Runs a command as root of a laptop that has no repository: as-engineer.sh FOLDER... -- NAME=VALUE... COMMAND...
# Runs in a mount namespace of its own. FOLDERs are covered, so that opening anything in them fails.
set -euo pipefail
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mount -t tmpfs -o mode=000,size=4k covered "$1"; fi
  shift
done
shift
exec env -i "$@"
