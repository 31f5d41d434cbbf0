# One VPC: a namespace with a bridge for its subnets, a cable to the world, the metadata address, and an internet gateway.
# make-vpc.sh NAMESPACE CABLE WORLD_ADDRESS VPC_ADDRESS
set -euo pipefail
namespace=$1 cable=$2 world=$3 vpc=$4
ip netns add "$namespace"
ip link add "$cable" type veth peer name world0 netns "$namespace"
ip addr add "$world/30" dev "$cable"
ip link set "$cable" up
ip -n "$namespace" -batch - <<BATCH
link set lo up
addr add 169.254.169.254/32 dev lo
addr add 169.254.171.1/32 dev lo
addr add $vpc/30 dev world0
link set world0 up
link add br0 type bridge
link set br0 up
route add default via $world
BATCH
ip netns exec "$namespace" sysctl -qw net.ipv4.ip_forward=1
# As of a real VPC, it translates an instance's public address to its private one on the way in.
ip netns exec "$namespace" nft -f - <<RULES
table ip gateway {
  map public { type ipv4_addr : ipv4_addr; }
  chain arriving {
    type nat hook prerouting priority dstnat;
    iifname "world0" dnat to ip daddr map @public
  }
}
RULES
