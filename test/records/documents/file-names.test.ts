/** Names and types of uploaded files: which are kept, accepted and rejected. */
import t from 'tap'
import { activeNameProblem } from '../../../src/records/documents/file-name.ts'
import { AcceptedTypes } from '../../../src/records/documents/media-type.ts'
import { startDocumentPortal, form } from '../../support/documents.ts'
import { json } from '../../support/posted.ts'

t.test('a file keeps the name that its sender has given it, as far as coreBOS can', async (t) => {
  const portal = await startDocumentPortal(t)
  const { database } = portal.corebos
  const sent = (disposition: string, type = 'text/plain', content = 'x') =>
    portal.fetch('alice', '/documents', {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: `--b\r\ncontent-disposition: form-data; ${disposition}\r\ncontent-type: ${type}\r\n\r\n${content}\r\n--b--\r\n`,
    })
  const nameOf = async (response: Response) => {
    t.equal(response.status, 201)
    const { id, notes_title: title } = await json(response)
    const stored = database.attachments.get(Number(String(id).slice(3)))?.at(-1)?.name
    const back = await portal.fetch('alice', `/documents/${String(id)}/content`)
    t.equal(back.status, 200)
    t.match(back.headers.get('content-disposition'), /^attachment; filename/)
    return [title, stored]
  }
  for (const name of [
    'a "quoted" one.txt',
    "it's 100%.txt",
    'a%20b%2fc.txt',
    'semi;colon.txt',
    'ä \u2014 \u263A\uFE0F.txt',
    'مي\u200Cخواهم.txt',
    '報告.txt',
    `${'x'.repeat(196)}.txt`,
  ]) {
    t.strictSame(await nameOf(await portal.upload('alice', form('x', { name }))), [
      name,
      name.replaceAll(' ', '_'),
    ])
  }
  for (const [disposition, name] of [
    ['name="file"; filename="%22a%22.txt"', '"a".txt'],
    ['name="file"; filename="\\"a\\".txt"', '"a".txt'],
    ['name="file"; filename="a%0db%0A%09.txt"', undefined],
    ['name="file"; filename="../../up.txt"', 'up.txt'],
    ['name="file"; filename="C:\\temp\\up.txt"', 'up.txt'],
    ['name="file"; filename=".."', undefined],
    ['name="file"; filename="a/.."', undefined],
    ['name="file"', undefined],
    ['name="another"; filename="b.txt"', 'b.txt'],
  ] as const) {
    const response = await sent(disposition)
    if (name === undefined)
      t.match(await json(response), { status: 400, code: 'VALIDATION_FAILED', detail: /./ })
    else t.strictSame(await nameOf(response), [name, name])
  }
  const bytes = await sent('name="file"', 'application/octet-stream')
  t.match(await json(bytes), { status: 400, detail: /^a file/ }, 'bytes without a name are no file')
  const empty = await sent('name="file"; filename="empty.txt"', 'text/plain', '')
  t.strictSame(await nameOf(empty), ['empty.txt', 'empty.txt'], 'a file may be empty')
})

t.test('the type that counts is that of the name, and both have to be accepted', async (t) => {
  const accepted = new AcceptedTypes([
    'text/csv',
    'application/pdf',
    'application/zip',
    'image/jpg',
    'application/vnd.ms-excel',
  ])
  for (const [name, declared, type] of [
    ['a.csv', 'application/vnd.ms-excel', 'text/csv'],
    ['a.CSV', 'application/octet-stream', 'text/csv'],
    ['a.zip', 'application/x-zip-compressed', 'application/zip'],
    ['a.b.JPG', 'image/jpeg', 'image/jpeg'],
    ['a.jpeg', 'image/jpg', 'image/jpeg'],
    ['a.jpg', 'IMAGE/PJPEG', 'image/jpeg'],
    ['a.jfif', 'image/jpeg; quality=1', 'image/jpeg'],
    ['a.pdf', '', 'application/pdf'],
    ['a.pdf', 'application/x-pdf', 'application/pdf'],
    ['a.pdf', 'binary/octet-stream', 'application/pdf'],
    ['a.csv', 'text/comma-separated-values', 'text/csv'],
    ['blob', 'application/pdf', 'application/pdf'],
    ['blob', 'image/x-jpg', 'image/jpeg'],
    ['a.pdf', 'text/plain', undefined],
    ['a.txt', 'application/pdf', undefined],
    ['a.svg', 'image/jpg', undefined],
    ['a.', 'application/pdf', undefined],
    ['a.toString', 'application/pdf', undefined],
    ['a', 'application/octet-stream', undefined],
    ['a', '', undefined],
  ] as const) {
    t.equal(accepted.typeOf(name, declared), type, `${name} as ${declared}`)
  }
})

t.test(
  'a name that a web server might act on is rejected, and others that resemble it are not',
  async (t) => {
    for (const name of [
      'x.php',
      'x.php7',
      'x.phtml.pdf',
      'x.phar.txt',
      'x.pht.txt',
      'x.php;.jpg',
      'x.php .jpg',
      'x.php_.jpg',
      'x.a.PHP.b.png',
      'x.cgi.png',
      'x.pl.txt',
      'x.asp;.jpg',
      'x.shtml.txt',
      'x.jsp.png',
      'web.config',
      'PHP.INI',
    ]) {
      t.type(activeNameProblem(name), 'string', name)
    }
    for (const name of [
      'php.txt',
      'my.phpnotes.txt',
      'a.plan.pdf',
      'v1.2.3.pdf',
      'a.b.c.docx',
      'x.com.pdf',
      'my web.config.txt',
    ]) {
      t.equal(activeNameProblem(name), undefined, name)
    }
  },
)

t.test(
  'photos of telephones, slides, letters and mails are accepted, and come back as they were',
  async (t) => {
    const portal = await startDocumentPortal(t)
    for (const [name, declared, type] of [
      ['a.pptx', '', 'application/vnd.openxmlformats-officedocument.presentationml.presentation'],
      ['a.ppt', 'application/mspowerpoint', 'application/vnd.ms-powerpoint'],
      ['a.odp', '', 'application/vnd.oasis.opendocument.presentation'],
      ['a.rtf', 'text/rtf', 'application/rtf'],
      ['a.msg', '', 'application/vnd.ms-outlook'],
      ['a.eml', 'message/rfc822', 'message/rfc822'],
      ['IMG_1.HEIC', 'image/heif', 'image/heic'],
      ['a.jpg', 'image/pjpeg', 'image/jpeg'],
      ['a.zip', 'application/x-zip-compressed', 'application/zip'],
    ] as const) {
      const created = await portal.upload('alice', form('x', { name, type: declared }))
      const { id, filetype } = await json(created)
      t.match({ status: created.status, filetype }, { status: 201, filetype: type }, name)
      const back = await portal.fetch('alice', `/documents/${String(id)}/content`)
      t.match(Object.fromEntries(back.headers), {
        'content-type': type,
        'content-disposition': `attachment; filename=${name}`,
      })
    }
  },
)
