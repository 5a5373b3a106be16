import { createHmac } from 'node:crypto';
import { CompactEncrypt, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** How the services under test know their tokens. */
export const TEST_ISSUER = 'https://issuer.test';
export const TEST_AUDIENCE = 'bookstore';

type SigningKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
type Claims = Record<string, unknown>;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

/** An issuer of tokens, good ones and bad ones. */
export class TestIssuer {
  private constructor(
    private readonly key: SigningKey,
    readonly publicJwk: JWK & { kid: string },
  ) {}

  static async create(kid = 'key-1'): Promise<TestIssuer> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    return new TestIssuer(privateKey, { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid });
  }

  /** A token that is good, but for these claims and headers; undefined takes one out. */
  token(claims: Claims = {}, header: Record<string, unknown> = {}): Promise<string> {
    const payload = { ...goodClaims(), ...claims };
    return new SignJWT(withoutUndefined(payload))
      .setProtectedHeader(
        withoutUndefined({ alg: 'ES256', typ: 'at+jwt', kid: this.publicJwk.kid, ...header }) as never,
      )
      .sign(this.key, { crit: { example: true } });
  }

  scoped(...scopes: string[]): Promise<string> {
    return this.token({ scope: scopes.join(' ') });
  }
}

const goodClaims = (): Claims => ({
  iss: TEST_ISSUER,
  aud: TEST_AUDIENCE,
  sub: 'somebody',
  scope: 'authors:read authors:write books:read books:write',
  iat: now(),
  exp: now() + 600,
});

const withoutUndefined = (value: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined));

/** Authorization headers that must not let anybody in, by what is wrong with them. */
export async function brokenAuthorizations(issuer: TestIssuer): Promise<Record<string, Record<string, string>>> {
  const stranger = await TestIssuer.create(issuer.publicJwk.kid);
  const good = await issuer.token();
  const [head = '', body = '', signature = ''] = good.split('.');
  const hmacInput = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: issuer.publicJwk.kid })}.${body}`;
  const hmac = (secret: string) => `${hmacInput}.${createHmac('sha256', secret).update(hmacInput).digest('base64url')}`;
  const { publicKey } = await generateKeyPair('RSA-OAEP-256');
  const encrypted = new CompactEncrypt(Buffer.from(JSON.stringify(goodClaims())))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt' })
    .encrypt(publicKey);
  const rsa = await generateKeyPair('PS384');

  const tokens: Record<string, string | Promise<string>> = {
    'no algorithm': `${encode({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
    'no algorithm, with a signature': `${encode({ alg: 'none', typ: 'at+jwt' })}.${body}.${signature}`,
    'no algorithm, in odd letters': `${encode({ alg: 'nOnE', typ: 'at+jwt' })}.${body}.${signature}`,
    'the public key taken for a secret': hmac(JSON.stringify(issuer.publicJwk)),
    'an empty secret': hmac(''),
    'an algorithm that is not allowed': new SignJWT(goodClaims())
      .setProtectedHeader({ alg: 'PS384', typ: 'at+jwt' })
      .sign(rsa.privateKey),
    "a stranger's key under a known id": stranger.token(),
    'an unknown key id': issuer.token({}, { kid: 'unknown' }),
    "a stranger's key, sent along": stranger.token({}, { kid: undefined, jwk: stranger.publicJwk }),
    "a stranger's key, to be fetched": stranger.token({}, { jku: 'http://127.0.0.1:1/keys' }),
    'another issuer': issuer.token({ iss: 'https://issuer.test.example' }),
    'no issuer': issuer.token({ iss: undefined }),
    'another audience': issuer.token({ aud: 'library' }),
    'no audience': issuer.token({ aud: undefined }),
    expired: issuer.token({ iat: now() - 600, exp: now() - 6 }),
    'never expires': issuer.token({ exp: undefined }),
    'an expiry that is no number': issuer.token({ exp: '9999999999' }),
    'not valid yet': issuer.token({ nbf: now() + 60 }),
    'issued too long ago': issuer.token({ iat: now() - 90_000 }),
    'issued in the future': issuer.token({ iat: now() + 60 }),
    'no time of issue': issuer.token({ iat: undefined }),
    'no subject': issuer.token({ sub: undefined }),
    'a subject that breaks the line': issuer.token({ sub: 'somebody\n{"level":"info"}' }),
    'a subject without end': issuer.token({ sub: 'x'.repeat(256) }),
    'a subject that is no text': issuer.token({ sub: { name: 'somebody' } }),
    'scopes that are no text': issuer.token({ scope: ['books:read'] }),
    'another type of token': issuer.token({}, { typ: 'JWT' }),
    'no type of token': issuer.token({}, { typ: undefined }),
    'an extension that must be understood': issuer.token({}, { crit: ['example'], example: true }),
    'claims changed afterwards': `${head}.${encode({ ...goodClaims(), sub: 'admin' })}.${signature}`,
    'a header changed afterwards': `${encode({ alg: 'ES256', typ: 'at+jwt', kid: issuer.publicJwk.kid, x: 1 })}.${body}.${signature}`,
    'a signature of nothing': `${head}.${body}.${'A'.repeat(86)}`,
    'a signature cut off': `${head}.${body}.${signature.slice(0, 40)}`,
    'no signature': `${head}.${body}.`,
    'claims that are no JSON': `${head}.${Buffer.from('sub=admin').toString('base64url')}.${signature}`,
    'encrypted, not signed': encrypted,
    'no token at all': 'abc',
    'two parts': `${head}.${body}`,
    'far too long': issuer.token({ filler: 'x'.repeat(7000) }),
    'longer than all metadata may be': issuer.token({ filler: 'x'.repeat(13_000) }),
    'a space within': `${head}. ${body}.${signature}`,
    'two tokens in one header': `${good}, Bearer ${good}`,
  };
  const named = Object.entries(tokens).map(async ([what, token]) => [what, { authorization: `Bearer ${await token}` }]);
  return {
    ...Object.fromEntries(await Promise.all(named)),
    'an empty header': { authorization: '' },
    'another scheme': { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` },
    'a good token without a scheme': { authorization: good },
    'bytes that are no text': { authorization: 'Bearer \u00ff\u00fe\u0080.\u00ff.\u00ff' },
    'a tab in the place of the space': { authorization: `Bearer\t${good}` },
    'a byte beyond ASCII at the end of a good one': { authorization: `Bearer ${good}\u00e9` },
    'a binary header': { 'authorization-bin': Buffer.from(good).toString('base64') },
    'a binary header beside a good one': { authorization: `Bearer ${good}`, 'authorization-bin': 'AAAA' },
  };
}

/** The kinds whose header is no printable ASCII. */
export const NOT_ASCII = [
  'bytes that are no text',
  'a tab in the place of the space',
  'a byte beyond ASCII at the end of a good one',
];
