/**
 * The operators' page as HTML: what a contact may see and write, and the explanation of a query. It needs no script.
 */
import type { Explanation } from '../read/explain.ts'
import type { AccessView, OpenModule, QueryView, WriteView } from './access-view.ts'
import { html, type Html } from './html.ts'

export interface PageContent {
  /** The values of the form. */
  readonly contact: string
  readonly query: string
  readonly view?: AccessView
  readonly answer?: QueryView
  /** The reason why nothing is shown. */
  readonly problem?: string
  /** What the policy in force names and the installation does not have. */
  readonly faults?: readonly string[]
}

export function operatorPage({ contact, query, view, answer, problem, faults = [] }: PageContent): string {
  const title = view === undefined ? 'Access of a contact' : `Access of ${contact}`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} – coreBOS portal gateway</title>
        <link rel="stylesheet" href="operator.css" />
      </head>
      <body>
        <header><p>coreBOS portal gateway · for operators</p></header>
        <main>
          <h1>${title}</h1>
          ${form(contact, query)}
          ${problem === undefined ? '' : html`<p class="problem" role="alert">${problem}</p>`}
          ${faults.length === 0 ? '' : misfits(faults)} ${answer === undefined ? '' : answered(query, answer)}
          ${view === undefined ? '' : access(view)}
        </main>
        <footer>
          <a href="metrics">Metrics</a> · <a href="openapi.json">Description of these endpoints</a>
        </footer>
      </body>
    </html> `.text
}

function form(contact: string, query: string): Html {
  return html`<form method="get" action="./">
    <label for="contact">E-mail address or webservice id</label>
    <input id="contact" name="contact" value="${contact}" required maxlength="255" autocomplete="off" />
    <label for="query">Query (optional)</label>
    <textarea id="query" name="query" rows="2" spellcheck="false">${query}</textarea>
    <button>Show</button>
  </form>`
}

function misfits(faults: readonly string[]): Html {
  return html`<section class="problem" role="alert" aria-labelledby="faults">
    <h2 id="faults">The policy does not fit the installation</h2>
    <ul>
      ${faults.map((fault) => html`<li>${fault}</li>`)}
    </ul>
  </section>`
}

function answered(query: string, answer: QueryView): Html {
  return html`<section aria-labelledby="answer">
    <h2 id="answer">What the query becomes</h2>
    <p><code>${query}</code></p>
    ${result(answer)}
  </section>`
}

function result(answer: QueryView): Html {
  if ('rejected' in answer)
    return html`<p class="problem">
      Rejected: <code>${answer.rejected.code}</code> ${answer.rejected.detail}
    </p>`
  return explanation(answer)
}

function explanation({ rule, level, dialect, statement, lookups }: Explanation): Html {
  return html`<p>Rule ${rule}, level ${level}, dialect ${dialect}</p>
    ${
      statement === ''
        ? html`<p>No row can match: coreBOS is not called.</p>`
        : html`<pre tabindex="0"><code>${statement}</code></pre>`
    }
    ${lookups.map(
      ({ label, explanation: inner }) =>
        html`<div class="lookup">
          <p><code>${label}</code> is looked up first:</p>
          ${explanation(inner)}
        </div>`,
    )}`
}

const admissions: Readonly<Record<string, string>> = {
  ok: 'accepted with the right password, unless the CRM user is an administrator',
  'portal-off': 'rejected: portal access is off in coreBOS',
  support: 'rejected: the support dates of the contact do not cover today',
}

function access({ contact, policy, open, closed }: AccessView): Html {
  const facts: readonly (readonly [string, string])[] = [
    [contact.entity === 'Contacts' ? 'Contact' : 'Employee', contact.id],
    ['Account', contact.account ?? 'none'],
    ['CRM user', contact.user],
    ['Level', contact.level],
    ['Log-in', admissions[contact.admission] ?? `rejected: ${contact.admission}`],
    ['Policy', `${policy.source}, digest ${policy.hash}, loaded ${policy.loadedAt}`],
  ]
  return html`<dl>
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <p>
      Fields are those that coreBOS shows to the service user. The CRM user of the contact may see fewer where
      it has fewer rights.
    </p>
    <h2>Open modules</h2>
    ${table(open)} ${open.map(module)}
    <h2>Closed modules</h2>
    <ul>
      ${closed.map(({ name, reason }) => html`<li>${name}: ${reason}</li>`)}
      <li>Every module that the policy does not name</li>
    </ul>`
}

function table(open: readonly OpenModule[]): Html {
  return html`<div class="wide" tabindex="0" role="region" aria-label="Open modules">
    <table>
      <thead>
        <tr>
          <th scope="col">Module</th>
          <th scope="col">Sees</th>
          <th scope="col">Fields</th>
          <th scope="col">Create</th>
          <th scope="col">Update</th>
          <th scope="col">Delete</th>
          <th scope="col">Rule</th>
        </tr>
      </thead>
      <tbody>
        ${open.map(
          (each) =>
            html`<tr>
              <th scope="row"><a href="#${each.name}">${each.name}</a></th>
              <td>${each.isOpen ? 'every record that meets the rule' : `level ${each.level}`}</td>
              <td>${each.readable.length} of ${each.readable.length + each.hidden.length}</td>
              <td>${mark(each.create)}</td>
              <td>${mark(each.update)}</td>
              <td>${mark(each.delete)}</td>
              <td><code>${each.rule}</code></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function mark(write: WriteView | null): string {
  return write === null ? 'no' : `yes, ${write.level}`
}

function module({ name, rule, source, readable, hidden, explanation: answer, ...rest }: OpenModule): Html {
  const { create, update, delete: remove, relate, actions } = rest
  return html`<details id="${name}">
    <summary>${name}</summary>
    <h3>The rule at <code>${rule}</code></h3>
    <pre tabindex="0"><code>${JSON.stringify(source, null, 2)}</code></pre>
    <h3>What is read</h3>
    ${result(answer)}
    <p>Readable: ${list(readable)}</p>
    <p>Hidden: ${list(hidden)}</p>
    <h3>What is written</h3>
    <ul>
      ${write('Create', create)} ${write('Update', update)} ${write('Delete', remove)}
      <li>Relate: ${list(relate)}</li>
      <li>Actions: ${list(actions)}</li>
    </ul>
  </details>`
}

function write(name: string, view: WriteView | null): Html {
  if (view === null) return html`<li>${name}: no</li>`
  const forced = Object.entries(view.force).map(([field, value]) => `${field} = ${value}`)
  return html`<li>
    ${name}: records of level
    ${view.level}${view.where === null ? '' : html` where <code>${view.where}</code>`}
    ${view.fields.length > 0 ? html`<br />Fields: ${list(view.fields)}` : ''}
    ${forced.length > 0 ? html`<br />Always written: ${list(forced)}` : ''}
  </li>`
}

function list(names: readonly string[]): Html {
  return names.length === 0 ? html`none` : html`<code>${names.join(', ')}</code>`
}

export const stylesheet = `
:root { color-scheme: light dark; --line: #8a8f98; --soft: #f3f4f6; --bad: #a40000; font: 16px/1.5 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { :root { --soft: #24272c; --bad: #ff9a9a; } }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; }
header p { margin: 0; }
h1 { font-size: 1.6rem; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin-top: 2rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
form { display: grid; gap: .25rem; max-width: 40rem; }
input, textarea, button { font: inherit; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: .25rem; }
textarea, code, pre { font-family: ui-monospace, monospace; font-size: .9rem; }
button { justify-self: start; margin-top: .5rem; cursor: pointer; }
:focus-visible { outline: 3px solid #2563eb; outline-offset: 2px; }
pre { background: var(--soft); padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .25rem 0; }
code { overflow-wrap: anywhere; }
dl { display: grid; gap: .25rem; }
dl div { display: grid; grid-template-columns: 8rem 1fr; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
details { border: 1px solid var(--line); border-radius: .25rem; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; font-weight: 600; }
.lookup { border-left: 3px solid var(--line); padding-left: .8rem; }
.problem { color: var(--bad); font-weight: 600; }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .5rem; }
`
