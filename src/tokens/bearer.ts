/** The token of `Authorization: Bearer …` (RFC 6750); undefined if the header is missing or has another form. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '')?.[1]
}
