# The network of one host: a namespace with eth0 on its VPC's bridge.
# make-host.sh VPC_NAMESPACE HOST_NAMESPACE CABLE ADDRESS/LENGTH GATEWAY MAC
set -euo pipefail
vpc=$1 host=$2 cable=$3 address=$4 gateway=$5 mac=$6
ip netns add "$host"
ip -n "$vpc" link add "$cable" type veth peer name eth0 netns "$host"
ip -n "$vpc" link set "$cable" master br0 up
ip -n "$host" -batch - <<BATCH
link set lo up
link set eth0 address $mac
addr add $address dev eth0
link set eth0 up
route add default via $gateway
BATCH
