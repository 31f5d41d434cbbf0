import { randomBytes } from 'node:crypto'
import { Secret } from '../../kernel/secret.ts'
import { SERVER_DEVICE, type TunnelAddresses } from '../addresses.ts'
import { type Certificate, selfSign } from './certificate.ts'
import type { Introduction, ServerEngine } from './engine.ts'
import { pem, staticKey } from './pem.ts'

/** UDP and TCP: what a network lets out that lets anything out. */
const PORT = 443
/** Packets that came by TCP come out of a device of their own, because OpenVPN 2.6 listens on one socket a process. */
const TCP_DEVICE = 'enchilada1'
/** Common name of the client, and so of the file that gives it its address. */
const CLIENT_NAME = 'client'
const FOLDER = '/etc/enchilada'
/** Bytes that wait in the UDP socket, as far as the kernel's own limit allows: what comes in a burst is not dropped. */
const BUFFER = 1_048_576
/** OpenVPN's static key: 2048 bits (openvpn(8), --tls-crypt). */
const CONTROL_KEY_BYTES = 256

export async function introduceOpenvpn(addresses: TunnelAddresses): Promise<Introduction> {
  const [server, client] = await Promise.all([selfSign('server'), selfSign(CLIENT_NAME)])
  const controlKey = randomBytes(CONTROL_KEY_BYTES).toString('hex')
  return {
    server: openvpnServer({ addresses, certificate: server, clientFingerprint: client.fingerprint, controlKey }),
    client: new Secret({
      name: 'openvpn',
      port: PORT,
      certificate: client.der,
      privateKey: client.privateKey.reveal(),
      fingerprint: server.fingerprint,
      controlKey,
    }),
  }
}

export type OpenvpnServer = {
  addresses: TunnelAddresses
  certificate: Certificate
  clientFingerprint: string
  /** Hides the server from strangers; both ends have it, and it lets nobody in. */
  controlKey: string
}

/**
 * Pinned certificates instead of an authority (openvpn(8), --peer-fingerprint, 2.6). Whoever comes with the client's certificate gets the one
 * address there is, and a second coming ends the first. A client that comes by TCP moves its route to the device of that process.
 */
export function openvpnServer({ addresses, certificate, clientFingerprint, controlKey }: OpenvpnServer): ServerEngine {
  const { server, client } = addresses
  const toTcp = `/bin/bash -c '/usr/sbin/ip route replace ${client} dev ${TCP_DEVICE} proto kernel'`
  return {
    devices: { [SERVER_DEVICE]: 'udp', [TCP_DEVICE]: 'tcp' },
    prepare: new Secret(`mkdir -p ${FOLDER}/clients
echo 'ifconfig-push ${client} 255.255.255.252' >${FOLDER}/clients/${CLIENT_NAME}
cat >${FOLDER}/server.conf <<'END'
mode server
tls-server
tls-version-min 1.3
dh none
port ${PORT}
dev-type tun
topology subnet
push "topology subnet"
ifconfig ${server} 255.255.255.252
ifconfig-noexec
client-config-dir ${FOLDER}/clients
ccd-exclusive
keepalive 2 6
persist-tun
tun-mtu 1420
disable-dco
peer-fingerprint ${clientFingerprint}
<cert>
${pem('CERTIFICATE', certificate.der)}
</cert>
<key>
${pem('PRIVATE KEY', certificate.privateKey.reveal())}
</key>
<tls-crypt>
${staticKey(controlKey)}
</tls-crypt>
END
for device in ${SERVER_DEVICE} ${TCP_DEVICE}; do
  printf '[NetDev]\\nName=%s\\nKind=tun\\n' $device >/etc/systemd/network/60-$device.netdev
done
printf '[Match]\\nName=${TCP_DEVICE}\\n[Network]\\nLinkLocalAddressing=no\\nConfigureWithoutCarrier=yes\\n' >/etc/systemd/network/61-enchilada.network
command -v openvpn >/dev/null || timeout 120 dnf -qy install openvpn`),
    start: `listen() { openvpn --config ${FOLDER}/server.conf --log-append /var/log/enchilada-openvpn.log --daemon "$@"; }
listen udp --proto udp --fast-io --sndbuf ${BUFFER} --rcvbuf ${BUFFER} --dev ${SERVER_DEVICE}
listen tcp --proto tcp-server --dev ${TCP_DEVICE} --socket-flags TCP_NODELAY --script-security 2 --client-connect "${toTcp}"
`,
  }
}
