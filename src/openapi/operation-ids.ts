/** The `operationId` of each route, from which client generators make the names of functions. */

const ids: Readonly<Record<string, string>> = {
  'GET /health/live': 'getLiveness',
  'GET /health/ready': 'getReadiness',
  'GET /.well-known/jwks.json': 'getSigningKeys',
  'POST /auth/login': 'logIn',
  'POST /auth/refresh': 'refreshTokens',
  'POST /auth/logout': 'logOut',
  'POST /auth/logout-all': 'logOutEverywhere',
  'GET /auth/session': 'getSession',
  'GET /auth/sessions': 'listSessions',
  'DELETE /auth/sessions/:id': 'endSession',
  'PUT /auth/password': 'changePassword',
  'POST /auth/password-recovery': 'recoverPassword',
  'GET /me': 'getMe',
  'GET /modules': 'listModules',
  'GET /modules/openapi.json': 'getModulesDescription',
  'GET /modules/:module': 'getModule',
  'GET /modules/:module/aggregate': 'aggregateRecords',
  'GET /modules/:module/records': 'listRecords',
  'POST /modules/:module/records': 'createRecord',
  'GET /records/:id': 'getRecord',
  'PATCH /records/:id': 'updateRecord',
  'DELETE /records/:id': 'deleteRecord',
  'GET /records/:id/related/:other': 'listRelatedRecords',
  'PUT /records/:id/related/:other': 'relateRecords',
  'DELETE /records/:id/related/:other': 'unrelateRecords',
  'GET /records/:id/comments': 'listComments',
  'POST /records/:id/comments': 'createComment',
  'GET /records/:id/pdf': 'getRecordAsPdf',
  'GET /records/:id/actions': 'listActions',
  'POST /records/:id/actions/:name': 'runAction',
  'POST /documents': 'uploadDocument',
  'GET /documents/:id/content': 'downloadDocument',
  'POST /documents/:id/link': 'createDownloadLink',
  'GET /downloads/:secret': 'downloadByLink',
  'GET /search': 'searchRecords',
  'GET /query': 'runQueryOfUrl',
  'POST /query': 'runQuery',
  'POST /query/explain': 'explainQuery',
  'GET /webservice.php': 'callWebserviceByUrl',
  'POST /webservice.php': 'callWebservice',
  // Of the operators' port.
  'GET /': 'getPage',
  'GET /metrics': 'getMetrics',
  'GET /access': 'getAccess',
  'POST /explain': 'explainQuery',
  'GET /sessions': 'listSessions',
  'POST /sessions/revoke': 'revokeSessions',
  'POST /failures/forget': 'forgetFailures',
  'POST /cache/clear': 'clearCaches',
}

/** A route without a name of its own gets one made of its method and path: `GET /a/:b/c` is `getAByBC`. */
export function operationIdOf(method: string, url: string): string {
  return ids[`${method} ${url}`] ?? [method.toLowerCase(), ...url.split(/[^\w:]+/)].map(word).join('')
}

function word(part: string, index: number): string {
  const name = part.replace(/^:/, 'by_')
  const parts = name.split('_').map((each) => each.charAt(0).toUpperCase() + each.slice(1))
  return index === 0 ? part : parts.join('')
}
