/** The token of `Authorization: Bearer …` (RFC 6750); nothing where the header is missing or says something else. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '')?.[1]
}
