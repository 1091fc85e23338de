/** nginx in front of gateways, with one server that a test describes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { onPort } from './port.ts'
import { installed, scratch, start } from './redis-server.ts'

/** Why tests of proxies are skipped; false where they are not. */
export const noNginx = !installed('nginx', '-v') && 'skipped: nginx is missing'

/**
 * @param server what stands in the block `server`, beside `listen`
 * @param upstreams what stands in the block `http`
 * @returns its URL
 */
export async function startNginx(t: Test, server: string, upstreams = ''): Promise<string> {
  const directory = await scratch(t)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory}/${kind};`,
  )
  const file = join(directory, 'nginx.conf')
  const conf = (port: number): string =>
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1; daemon off; pid ${directory}/nginx.pid;
    error_log stderr notice;
    events { worker_connections 512; }
    http {
      access_log off; ${paths.join(' ')}
      ${upstreams}
      server {
        listen 127.0.0.1:${port};
        ${server}
      }
    }`
  return onPort(async (port) => {
    await writeFile(file, conf(port))
    // nginx binds its port before it starts a worker.
    await start(t, 'nginx', ['-c', file, '-e', 'stderr'], /start worker process /, { end: 'SIGTERM' })
    return `http://127.0.0.1:${port}`
  })
}
