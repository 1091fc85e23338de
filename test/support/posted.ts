/** Sends JSON and text to a gateway as any client does, and reads what it answers. */
import { once } from 'node:events'
import { connect } from 'node:net'

export function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** The object that the gateway answers; empty if it answers none. */
export async function json(answer: Response): Promise<Record<string, unknown>> {
  const body: unknown = await answer.json()
  return typeof body === 'object' && body !== null ? Object.fromEntries(Object.entries(body)) : {}
}

export const alice = { username: 'alice@example.com', password: 'alice-pw' }

/** Everything that comes back for `text` until the other side hangs up. */
export async function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
  socket.on('error', () => socket.destroy())
  socket.end(text, 'latin1')
  await once(socket, 'close')
  return answer
}
