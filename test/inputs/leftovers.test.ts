import { akeneoPim } from '../../src/connectors/akeneo/pim'
import { https } from '../../src/connectors/https/destination'
import { restPim } from '../../src/connectors/rest/pim'
import { sftp } from '../../src/connectors/sftp/destination'
import { declareInputs } from '../../src/inputs/declaration'
import { list, oneOf, text } from '../../src/inputs/shapes'
import { sourceOf, valuesOf } from '../../src/inputs/values'
import { contextOf } from '../connectors/kit/destination-context'
import { pimContext } from '../connectors/kit/pim-context'

const declared = declareInputs({
  NAME: { meaning: 'The name.', shape: text },
  LEVEL: { meaning: 'The level.', shape: oneOf(['info', 'debug']) },
  SCOPES: { meaning: 'The scopes.', shape: list('scope', text) },
  SECRET: { meaning: 'The secret.', shape: text, secret: true },
  PASSWORD: { meaning: 'The password.', shape: text, secret: true, anyText: true },
})
const read = (inputs: Record<string, string>) => valuesOf(declared, sourceOf(inputs))

describe('what was left in the value of an input', () => {
  test.each([
    ['NAME', '"lamp"'],
    ['NAME', "'lamp'"],
    ['NAME', '`lamp`'],
    ['NAME', '“lamp”'],
    ['LEVEL', '"info"'],
    ['SECRET', '"hush-hush"'],
  ])('is told when it is quotes: %s=%s', (name, value) => {
    const wrong = () => read({ [name]: value })
    expect(wrong).toThrow(`${name} must be written without the quotes around it`)
    expect(wrong).toThrow(expect.objectContaining({ failureClass: 'systemic', code: 'INPUT_INVALID' }))
    expect(wrong).not.toThrow('hush-hush')
  })

  test.each([
    ['NAME', '<client id>'],
    ['NAME', '"<client id>"'],
    ['NAME', 'https://<your host>/products'],
    ['SECRET', '<client secret>'],
    ['SECRET', 'Bearer <token>'],
    ['SECRET', 'X-Api-Key: <key>; Accept-Language: en'],
  ])('is told when it is a placeholder: %s=%s', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(`${name} still holds a placeholder`)
  })

  test.each<[string, string]>([
    ['NAME', '{"a": "<b>"}'],
    ['NAME', 'a "quoted" word'],
    ['NAME', `5" and 6"`],
    ['NAME', '"'],
    ['NAME', '"a" or "b"'],
    ['NAME', '<b>{name}</b>'],
    ['NAME', '"a" or \'b\''],
    ['SECRET', '<x>9<'],
    ['SECRET', 'a"b"'],
    ['PASSWORD', '"in quotes"'],
    ['PASSWORD', '<password>'],
  ])('is nothing in what may well be meant: %s=%s', (name, value) => {
    expect(read({ [name]: value })).toMatchObject({ [name]: value })
  })

  test('is nothing where the shape takes the quotes off itself', () => {
    expect(read({ SCOPES: '"openid","AdobeID"' }).SCOPES).toEqual(['openid', 'AdobeID'])
    expect(read({ SCOPES: '"openid"' }).SCOPES).toEqual(['openid'])
  })

  test('is found in the inputs of connectors, too, but not in a password that a person chose', () => {
    const ftp = {
      SFTP_URL: 'sftp://user@host/',
      SFTP_HOST_KEY_SHA256: `"SHA256:${'A'.repeat(43)}"`,
      SFTP_PASSWORD: '"<password>"',
    }
    expect(() => sftp().create(contextOf(ftp))).not.toThrow()
    expect(() => sftp().create(contextOf({ ...ftp, SFTP_URL: 'sftp://user@<host>/' }))).toThrow(
      'SFTP_URL still holds a placeholder',
    )
    expect(() => https().create(contextOf({ HTTPS_URL: '"https://a.example.com/{key}"' }))).toThrow(
      'HTTPS_URL must be written without the quotes around it',
    )
    const rest = {
      PIM_REST_URL: 'https://a.example.com/{identifier}',
      PIM_REST_HEADERS: 'X-Api-Key: <key>',
    }
    expect(() => restPim()(pimContext(rest))).toThrow('PIM_REST_HEADERS still holds a placeholder')
    const akeneo = {
      AKENEO_URL: 'https://a.example.com',
      AKENEO_CLIENT_ID: '<client id>',
      AKENEO_CLIENT_SECRET: '"a-secret"',
      AKENEO_USERNAME: 'user',
      AKENEO_PASSWORD: "'my password'",
    }
    const wrong = () => akeneoPim()(pimContext(akeneo))
    expect(wrong).toThrow('AKENEO_CLIENT_ID still holds a placeholder')
    expect(wrong).toThrow('AKENEO_CLIENT_SECRET must be written without the quotes')
    expect(wrong).not.toThrow('AKENEO_PASSWORD')
  })
})
