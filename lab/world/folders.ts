import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const systemFolders = ['/usr', '/etc', '/var', '/opt', '/srv', '/tmp', '/mnt', '/home', '/root']

/** Folders of the machine that neither hosts nor the product may see: the repository with what lies beside it, and homes. */
export function maskedFolders(root = repository): string[] {
  const first = join('/', root.split('/')[1] ?? '')
  return [...new Set(['/home', '/root', '/srv', '/mnt', systemFolders.includes(first) ? root : first])]
}
