/** The guide to the query language in the API documentation. */
import { jsonOperations } from './json-conditions.ts'
import { limits } from '../model/limits.ts'

const number = (each: number) => each.toLocaleString('en')

/** The anchor of the guide in the description, for links in Markdown. */
export const toGuide = '[query language](#query-language)'

/**
 * The guide to the query language for portal builders, in Markdown. A test parses the first column of each table:
 * conditions on tickets, or statements.
 */
export const guide = `<a id="query-language"></a>
## The query language

\`where\` of a list accepts a condition, \`orderBy\` the fields after \`order by\`, and \`/query\` a statement. Words of the language and names of modules are read in any letter case, fields as \`GET /modules/{module}\` names them. In a URL all of it is percent-encoded.

| condition | holds where |
|---|---|
| \`ticketstatus = 'Open'\` | the comparison is true: \`=\`, \`!=\` or \`<>\`, \`<\`, \`<=\`, \`>\`, \`>=\`. Letter case of texts is ignored |
| \`ticketstatus in ('Open', 'In Progress')\` | it is one of these; \`not in\`: none of them |
| \`ticket_title like '%printer%'\` | it matches the pattern: \`%\` stands for any text, \`_\` for one character, \`\\%\` and \`\\_\` for these characters, four backslashes for one; \`not like\`: it does not match |
| \`description is null\` | the field is empty, null or the empty text; \`is not null\`: it is not empty. An empty field may meet neither a comparison nor its opposite |
| \`not (ticketstatus = 'Open' or hours > 1.5) and ticketpriorities = 'High'\` | \`not\` binds first, then \`and\`, then \`or\`; parentheses as usual |
| \`Accounts.accountname = 'Acme'\` | the referenced record meets the condition and is visible by its own rule: the first field that can point to that module, one step and no further |
| \`related.Accounts = '11x8546'\` | it is related to the record with this id, by such a field or, like documents, by a relation |

Values: a text stands in single quotes, with \`''\` or \`\\'\` for a quote in it and \`\\\\\` for a backslash; there are no other escapes. A number stands as it is (\`1.5\`), or in quotes. A date is \`'2026-11-24'\`, a time \`'2026-11-24 07:35:26'\` (a date alone is its beginning), a time of day \`'07:35'\`, a checkbox \`'0'\` or \`'1'\`. A reference is compared with ids (\`'12x8549'\`, also without the quotes), by \`=\`, \`!=\`, \`in\`, and \`like\` with a whole id. \`true\` holds for every record. As in SQL, \`= null\` and \`!= null\` hold for none.

| statement | answers |
|---|---|
| \`select * from HelpDesk\` | all fields that can be read, of ${limits.defaultRows} records |
| \`select ticket_title, Accounts.accountname from HelpDesk where ticketstatus = 'Open' order by ticketstatus, ticket_title desc limit 20;\` | these fields and the \`id\`; the account's name has the key \`accountsaccountname\`. \`order by\` accepts fields of the module itself, each with \`asc\` or \`desc\`, \`desc\` after the last one alone |
| \`select ticket_title from HelpDesk limit 40, 20\` | 20 records after the first 40; \`limit 20 offset 40\` is the same. At most ${number(limits.rows)} |
| \`select distinct ticketstatus from HelpDesk\` | each different row once, without \`id\` |
| \`select count(*) from HelpDesk where ticketstatus = 'Open'\` | the number, as \`total\` and as \`count\` of one record |
| \`select ticket_title from HelpDesk where [{"fieldname": "ticketstatus", "operation": "is", "value": "Open", "joincondition": "or"}, {"fieldname": "ticket_title", "operation": "contains", "value": "printer"}]\` | conditions in the format of coreBOS's workflows, only in a statement. \`joincondition\` joins with the next one of the same \`groupid\`, \`groupjoin\` a group with the one before; both are \`and\` unless given. \`fieldname\` may be \`$(parent_id : (Accounts) accountname)\`, also without \`$( )\`; an \`id\` is compared with the number after its \`x\` by \`is\` and \`contains\`. \`valuetype\` is \`raw\`, and \`operation\` one of ${jsonOperations.join(', ')} |

A query that cannot be answered exactly is rejected; \`detail\` says where and why, and \`POST /query/explain\` tries a statement out.

| asked | code |
|---|---|
| \`ticketstatus = "Open"\` | \`QUERY_SYNTAX\`, with line and column |
| \`ticket_titel = 'x'\` | \`UNKNOWN_FIELD\`: the field does not exist, or this contact may not read it; for modules, \`UNKNOWN_MODULE\` |
| \`createdtime > 'yesterday'\` | \`INVALID_VALUE\`: a value that does not fit its field |
| \`not related.Accounts = '11x8546'\` | \`QUERY_NOT_EXPRESSIBLE\`: coreBOS has no statement for it, or would read it in another way |
| \`hours is null\` | \`QUERY_NOT_EXPRESSIBLE\`: coreBOS does not distinguish an empty number or checkbox from 0 |
| \`select ticket_title from HelpDesk order by ticketstatus desc, ticket_title\` | \`QUERY_NOT_EXPRESSIBLE\`; so are line breaks and tabs in values |
| \`select ticket_title from HelpDesk limit ${limits.rows + 1}\` | \`QUERY_TOO_LARGE\`: beyond ${number(limits.text)} characters, ${limits.conditions} conditions, ${number(limits.list)} values in a list, ${limits.fields} fields, ${limits.orders} fields after \`order by\`, a depth of ${limits.depth}, ${limits.lookUps} conditions on related records or with values that coreBOS would misread, or ${number(limits.rows)} rows to find the distinct ones in. \`and\` over \`or\` is multiplied out for coreBOS, together with the policy's conditions: that may come to ${number(limits.printed)} conditions in ${number(limits.terms)} terms, and to ${number(limits.statement)} characters |`
