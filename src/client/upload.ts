/** Sends a form and reports how much of it was sent: by `XMLHttpRequest` in browsers, by a counted stream in Node. */
import { platform, type Upload } from './platform.ts'

interface FormRequest {
  readonly method?: string
  readonly form: FormData
  readonly headers: Readonly<Record<string, string>>
  readonly credentials: 'include' | 'omit'
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((sent: number, total: number) => void) | undefined
}

export async function sendForm(url: string, request: FormRequest, fetch_: typeof fetch): Promise<Response> {
  const { method = 'POST', form, headers, credentials, signal, onProgress } = request
  const init = { method, headers, credentials, ...(signal !== undefined && { signal }) }
  if (onProgress === undefined) return fetch_(url, { ...init, body: form })
  if (platform.XMLHttpRequest !== undefined)
    return sendByXhr(new platform.XMLHttpRequest(), url, { ...request, onProgress })
  const whole = await new Response(form).blob()
  let sent = 0
  const counted = whole.stream().pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        sent += chunk.byteLength
        onProgress(sent, whole.size)
        controller.enqueue(chunk)
      },
    }),
  )
  // Node wants `duplex` for a stream, which the types of browsers do not know.
  const streamed = {
    ...init,
    headers: { ...headers, 'content-type': whole.type, 'content-length': String(whole.size) },
    body: counted,
    duplex: 'half' as const,
  }
  return fetch_(url, streamed)
}

async function sendByXhr(
  xhr: Upload,
  url: string,
  {
    method = 'POST',
    form,
    headers,
    credentials,
    signal,
    onProgress,
  }: FormRequest & Required<Pick<FormRequest, 'onProgress'>>,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    xhr.open(method, url)
    xhr.withCredentials = credentials === 'include'
    xhr.responseType = 'blob'
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
    xhr.upload.onprogress = ({ loaded, total }) => onProgress?.(loaded, total)
    xhr.onerror = () => reject(new TypeError('network error'))
    xhr.onabort = () => reject(new TypeError('aborted', { cause: signal?.reason }))
    xhr.onload = () => resolve(responseOf(xhr))
    signal?.addEventListener('abort', () => xhr.abort(), { once: true })
    xhr.send(form)
  })
}

function responseOf(xhr: Upload): Response {
  const lines = xhr.getAllResponseHeaders().trim().split(/\r?\n/).filter(Boolean)
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  // `responseType` is `blob`; a status such as 204 has no body.
  const body = xhr.response instanceof Blob && xhr.response.size > 0 ? xhr.response : null
  return new Response(body, { status: xhr.status, statusText: xhr.statusText, headers })
}
