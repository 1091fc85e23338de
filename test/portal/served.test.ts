/** What the gateway serves of the reference portal: the page, its files, its settings; and how it is switched off. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { loadPortalSettings, problemsOf } from '../../src/config/portal-settings.ts'
import { startService } from '../../src/service.ts'
import { builtPortal } from '../support/reference-portal.ts'
import { scratch } from '../support/redis-server.ts'
import { startGateway } from '../support/start.ts'

t.before(builtPortal)

const assets = (page: string): string[] =>
  [...page.matchAll(/(?:src|href)="(portal\/assets\/[^"]+)"/g)].map(([, path = '']) => path)

t.test('the page names its files by their content, and by relative addresses', async (t) => {
  const { url } = await startGateway(t)
  const response = await fetch(`${url}/`)
  const page = await response.text()
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^text\/html/)
  t.equal(response.headers.get('cache-control'), 'no-cache')
  const policy = response.headers.get('content-security-policy') ?? ''
  t.notMatch(policy, /unsafe|https:|data:|\*/)
  t.match(policy, /default-src 'none'.*script-src 'self'.*require-trusted-types-for 'script'/)
  t.notMatch(page, /<script(?![^>]* src=)|<style|\son\w+=|style=/, 'no inline code')
  t.notMatch(page, /(src|href)="\//, 'it works below any path')

  let bytes = gzipSync(page).length
  const paths = assets(page)
  t.equal(paths.length, 3)
  for (const path of paths) {
    const asset = await fetch(`${url}/${path}`)
    t.match(path, /-[A-Z0-9]{8}\.(js|css|svg)$/)
    t.equal(asset.headers.get('cache-control'), 'public, max-age=31536000, immutable', path)
    t.notOk(asset.headers.get('vary')?.includes('Cookie'), 'the same with every session')
    bytes += gzipSync(Buffer.from(await asset.arrayBuffer()), { level: 9 }).length
    const etag = asset.headers.get('etag') ?? ''
    t.equal((await fetch(`${url}/${path}`, { headers: { 'if-none-match': etag } })).status, 304)
  }
  t.comment(`${bytes} bytes gzipped`)
  t.ok(bytes <= 80_000, `${bytes} bytes`)
  for (const path of [
    'portal/assets/index.html',
    'portal/assets/..%2findex.html',
    'portal/assets/x.js',
    'portal',
  ])
    t.equal((await fetch(`${url}/${path}`)).status, 404, path)
  t.strictSame(await (await fetch(`${url}/portal/settings.json`)).json(), {
    logo: null,
    login: { portalPasswords: true, employees: true, cookies: false, offered: [] },
  })
})

t.test('PORTAL=false switches it off', async (t) => {
  const { url } = await startGateway(t, { env: { PORTAL: 'false' } })
  for (const path of ['', 'portal/settings.json', 'portal/logo'])
    t.equal((await fetch(`${url}/${path}`)).status, 404, path)
})

t.test('the settings file gives name, logo, colours, texts, links and modules', async (t) => {
  const folder = await scratch(t)
  const file = join(folder, 'portal.json')
  await writeFile(join(folder, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  const settings = {
    name: 'Acme Care',
    logo: 'logo.svg',
    colors: { accent: '#0b6e4f' },
    welcome: { en: 'Welcome', de: 'Willkommen' },
    links: [{ label: 'Imprint', url: 'https://acme.example/imprint' }],
    modules: ['HelpDesk', 'Faq'],
  }
  await writeFile(file, JSON.stringify(settings))
  const { url } = await startGateway(t, { env: { PORTAL_SETTINGS: file } })
  const served = (await (await fetch(`${url}/portal/settings.json`)).json()) as { logo: string }
  t.match(served, { ...settings, logo: /^portal\/logo\?v=/ })
  const logo = await fetch(`${url}/${served.logo}`)
  t.match(logo.headers.get('content-type'), /^image\/svg\+xml/)
  t.match(logo.headers.get('content-security-policy'), /sandbox/, 'a script in it never runs')
})

t.test('wrong settings end the start, one line for each place', async (t) => {
  t.strictSame(
    problemsOf({
      nam: 'x',
      name: '',
      colors: { accent: 'red' },
      links: [{ label: 'x', url: 'javascript:alert(1)' }],
      modules: ['A', 'A'],
      welcome: { fr: 'x' },
    }).map((line) => line.replace(/, got .*/, '')),
    [
      '/nam: unknown setting; known: name, logo, colors, welcome, links, modules',
      '/name: expected a name of at most 60 characters',
      '/colors/accent: expected a colour such as "#0b6e4f"',
      '/welcome: expected a text of at most 2000 characters, or one for each of "en", "es" and "de"',
      '/links/0/url: expected an address that begins with https://, http://, mailto: or tel:',
      '/modules: expected names of modules such as "HelpDesk", each once',
    ],
  )
  const file = join(await scratch(t), 'portal.json')
  const config = { COREBOS_URL: 'http://127.0.0.1:1', COREBOS_PASSWORD_TYPE: 'md5', PORTAL_SETTINGS: file }
  await t.rejects(startService(readConfig(config)), { message: /^PORTAL_SETTINGS: .*portal\.json: ENOENT/ })
  await writeFile(file, Buffer.from('{"name": "Café"}', 'latin1'))
  await t.rejects(startService(readConfig(config)), {
    message: /^PORTAL_SETTINGS: .*portal\.json: the file contains bytes that are not valid UTF-8$/,
  })
  await writeFile(file, '{"name": 1, "logo": "x.exe"}')
  await t.rejects(startService(readConfig(config)), {
    message: /^PORTAL_SETTINGS: .*: \/name: expected a name of at most 60 characters, got 1$/,
  })
  for (const [logo, reason] of [
    ['x.exe', /\/logo: expected a file that ends in/],
    ['missing.svg', /\/logo: ENOENT/],
  ] as const) {
    await writeFile(file, JSON.stringify({ logo }))
    await t.rejects(loadPortalSettings(file), { message: reason })
  }
})
