/** The environment variables of the gateway: their shapes, defaults and descriptions. */
import { Type } from '@sinclair/typebox'
import { shippedLanguages } from '../model/language.ts'
import {
  bytes,
  flag,
  language,
  list,
  mediaType,
  network,
  oneOf,
  origin,
  rate,
  redisAddress,
  sealKey,
  text,
  webAddress,
  whole,
} from './environment.ts'

const day = 86400
const year = 365 * day

export const environment = Type.Object({
  COREBOS_URL: webAddress({ description: 'Base URL of coreBOS, with or without /webservice.php.' }),
  LOGIN_MODE: oneOf(
    {
      description:
        'How contacts log in: portal (Customer Portal Login), service (Contact Login) or user (User per Contact).',
      default: 'portal',
    },
    'portal',
    'service',
    'user',
  ),
  COREBOS_USER: Type.Optional(
    text({
      description:
        'User name of the service user. Required with LOGIN_MODE=service, recommended in the other modes.',
    }),
  ),
  COREBOS_ACCESS_KEY: Type.Optional(
    text({ description: 'Access key of the service user. Required with COREBOS_USER.', secret: true }),
  ),
  COREBOS_PASSWORD_TYPE: Type.Optional(
    oneOf(
      {
        description:
          'How coreBOS hashes portal passwords: md5, sha256, sha512 or plaintext. Read from coreBOS by the service user if not set; required in portal mode without a service user.',
      },
      'md5',
      'sha256',
      'sha512',
      'plaintext',
    ),
  ),
  COREBOS_SESSIONS: whole(
    { description: 'Number of coreBOS sessions that are kept open for the service user.', default: '6' },
    1,
    100,
  ),
  COREBOS_READS: oneOf(
    {
      description:
        "Which coreBOS session reads for a contact: contact = its own, one call after the other; shared = the service user's, in parallel and under the gateway's scope alone, where the contact is mapped to the service user itself. Needs COREBOS_USER.",
      default: 'contact',
    },
    'contact',
    'shared',
  ),
  COREBOS_CONCURRENCY: whole(
    { description: 'Maximum number of concurrent calls to coreBOS.', default: '24' },
    1,
    1000,
  ),
  COREBOS_QUEUE: whole(
    {
      description:
        'Maximum number of calls that wait for coreBOS. Further calls are answered with 503 and Retry-After.',
      default: '200',
    },
    0,
    100_000,
  ),
  COREBOS_TIMEOUT_MS: whole(
    { description: 'Maximum time to wait for an answer of coreBOS, in milliseconds.', default: '10000' },
    1,
    600_000,
  ),
  COREBOS_MAX_BYTES: bytes({
    description: 'Maximum size of an answer of coreBOS, in bytes or with the unit KiB, MiB or GiB.',
    default: '16 MiB',
  }),
  REDIS_URL: Type.Optional(
    redisAddress({
      description:
        'URL of Redis: redis://, rediss://, redis-sentinel://host:port,host:port/name or redis-cluster://host:port,host:port. Without it, sessions are kept in the memory of one process.',
      secret: true,
    }),
  ),
  SESSION_KEYS: Type.Optional(
    list(
      {
        description:
          'Keys that encrypt the data in Redis: 32 bytes each in base64, comma-separated. The first key encrypts, all keys decrypt. Required with REDIS_URL.',
        secret: true,
      },
      sealKey,
    ),
  ),
  JWT_KEYS_FILE: Type.Optional(
    text({
      description:
        'Path of a JSON Web Key Set with private signing keys. The first key signs, all keys verify. Required with REDIS_URL; without it, each process generates a key.',
    }),
  ),
  JWT_ISSUER: Type.Optional(
    text({ description: 'Value of the iss claim of access tokens. Default: PUBLIC_URL.' }),
  ),
  JWT_AUDIENCE: Type.Optional(
    text({ description: 'Value of the aud claim of access tokens. Default: PUBLIC_URL.' }),
  ),
  PUBLIC_URL: Type.Optional(
    webAddress({ description: 'URL under which clients reach the gateway. Default: http://HOST:PORT.' }),
  ),
  ACCESS_TOKEN_TTL: whole(
    { description: 'Lifetime of an access token, in seconds.', default: '600' },
    1,
    day,
  ),
  SESSION_IDLE_TTL: whole(
    { description: 'Lifetime of a session without requests, in seconds.', default: '1800' },
    1,
    year,
  ),
  SESSION_MAX_TTL: whole(
    { description: 'Maximum lifetime of a session, in seconds.', default: '43200' },
    1,
    year,
  ),
  REFRESH_GRACE: whole(
    {
      description: 'Time in which a used refresh token returns the newest tokens of its session, in seconds.',
      default: '10',
    },
    0,
    300,
  ),
  ACCESS_RECHECK: whole(
    {
      description:
        'Maximum time until a contact that is switched off in coreBOS loses its session, in seconds.',
      default: '60',
    },
    1,
    3600,
  ),
  POLICY_FILE: Type.Optional(
    text({
      description: 'Path of the policy file. SIGHUP reloads it. Without it, the built-in policy applies.',
    }),
  ),
  RATE_LIMIT_IP: rate({
    description: 'Maximum number of requests per address, as MAX/SECONDS.',
    default: '600/60',
  }),
  RATE_LIMIT_CONTACT: rate({
    description: 'Maximum number of requests per contact, as MAX/SECONDS.',
    default: '1200/60',
  }),
  RATE_LIMIT_LOGIN: rate({
    description:
      'Maximum number of failed log-ins per log-in name and address, as MAX/SECONDS; 20 times as many log-ins per address.',
    default: '10/60',
  }),
  METADATA_TTL: whole(
    {
      description:
        'Time until modules and fields are read from coreBOS again, in seconds. They are read in the background, once for all instances; until then, and while coreBOS is unavailable, the earlier ones stay in use.',
      default: '3600',
    },
    1,
    day,
  ),
  READ_CACHE_TTL: whole(
    {
      description:
        'Time that an answer may be reused for requests with the same scope, in seconds. 0 only combines requests that run at the same time.',
      default: '0',
    },
    0,
    3600,
  ),
  CHANGE_POLL: whole(
    {
      description:
        'Time between two looks at what was saved or deleted in coreBOS, in seconds. Cached answers of a module end when one of its records has changed, so that READ_CACHE_TTL can be long. One instance looks for all. Needs COREBOS_USER. 0 = off.',
      default: '0',
    },
    0,
    3600,
  ),
  LANGUAGES: list(
    {
      description:
        'Languages of labels that requests may choose, as coreBOS names them, comma-separated. A label without a translation is in the language of the CRM user.',
      default: shippedLanguages.join(','),
    },
    language,
  ),
  CORS_ORIGINS: Type.Optional(
    list({ description: 'Origins whose pages may call the gateway, comma-separated.' }, origin),
  ),
  COOKIE_SESSIONS: flag({
    description:
      'Whether browsers may ask for cookies at log-in ("session": "cookie"). Tokens in the response body keep working. Needs a PUBLIC_URL with https, or http://localhost.',
    default: 'false',
  }),
  TRUST_PROXY: Type.Optional(
    list(
      {
        description:
          'Addresses or CIDR blocks of trusted proxies, comma-separated. Hop counts are not accepted.',
      },
      network,
    ),
  ),
  UPLOAD_MAX_BYTES: bytes({
    description: 'Maximum size of an uploaded file, in bytes or with the unit KiB, MiB or GiB.',
    default: '20 MiB',
  }),
  UPLOAD_TYPES: list(
    {
      description:
        'Media types that are accepted for uploads, comma-separated. Other usual names of them, such as image/jpg, are accepted as well.',
      default: [
        'application/pdf',
        'application/zip',
        'application/msword',
        'application/rtf',
        'application/vnd.ms-excel',
        'application/vnd.ms-outlook',
        'application/vnd.ms-powerpoint',
        'application/vnd.oasis.opendocument.presentation',
        'application/vnd.oasis.opendocument.spreadsheet',
        'application/vnd.oasis.opendocument.text',
        'application/vnd.openxmlformats-officedocument.presentationml.presentation',
        'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
        'image/gif',
        'image/heic',
        'image/heif',
        'image/jpeg',
        'image/png',
        'image/webp',
        'message/rfc822',
        'text/csv',
        'text/plain',
      ].join(','),
    },
    mediaType,
  ),
  DOWNLOADS_MAX_BYTES: bytes({
    description:
      'Maximum total size of downloads that clients have not read yet. Further downloads are answered with 503 and Retry-After.',
    default: '1 GiB',
  }),
  DOWNLOADS_PER_CONTACT: whole(
    {
      description:
        'Maximum number of concurrent downloads per contact. Further downloads are answered with 429.',
      default: '20',
    },
    1,
    10_000,
  ),
  PORTAL: flag({ description: 'Whether GET / shows the reference portal.', default: 'true' }),
  PORTAL_SETTINGS: Type.Optional(
    text({
      description:
        'Path of the settings file of the reference portal: name, logo, colours, welcome text, links and modules.',
    }),
  ),
  HOST: text({ description: 'Address that the gateway listens on.', default: '127.0.0.1' }),
  PORT: whole(
    { description: 'Port that the gateway listens on. 0 selects any free port.', default: '3000' },
    0,
    65535,
  ),
  SHUTDOWN_DELAY: whole(
    {
      description:
        'Time for which requests are still served after SIGTERM while /health/ready answers 503, in seconds. A balancer that asks it needs two of its intervals.',
      default: '0',
    },
    0,
    300,
  ),
  METRICS_HOST: text({ description: 'Address that the operator endpoints listen on.', default: '127.0.0.1' }),
  METRICS_PORT: whole(
    { description: 'Port that the operator endpoints listen on. 0 selects any free port.', default: '9464' },
    0,
    65535,
  ),
  OPERATOR_TOKEN: Type.Optional(
    text(
      {
        description:
          'Bearer token for the operator endpoints except /metrics. Required if METRICS_HOST is not a loopback address.',
        secret: true,
      },
      16,
    ),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    webAddress({
      description:
        'Base URL of an OpenTelemetry collector that traces are exported to by OTLP over HTTP. The other standard names (OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER and others) apply as well.',
    }),
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: Type.Optional(
    webAddress({
      description: 'Whole URL for traces. Default: OTEL_EXPORTER_OTLP_ENDPOINT with /v1/traces.',
    }),
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf(
    { description: 'Encoding of exported traces: http/json.', default: 'http/json' },
    'http/json',
  ),
  OTEL_SDK_DISABLED: flag({ description: 'Whether no traces are exported at all.', default: 'false' }),
  LOG_LEVEL: oneOf(
    {
      description: 'Minimum level of log lines: fatal, error, warn, info, debug, trace or silent.',
      default: 'info',
    },
    'fatal',
    'error',
    'warn',
    'info',
    'debug',
    'trace',
    'silent',
  ),
  AUDIT_FILE: Type.Optional(
    text({
      description:
        'Path of a file, or of a named pipe, that the audit line of each write is appended to as well. SIGHUP opens it again.',
    }),
  ),
  LOG_FORMAT: oneOf(
    { description: 'Format of log lines: json for programs, pretty for people.', default: 'json' },
    'json',
    'pretty',
  ),
})
