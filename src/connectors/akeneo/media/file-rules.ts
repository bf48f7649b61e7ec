import type { AssetBinary } from '../../../plugin/destination'
import { tooLarge, typeRefused } from './errors'

/** What an attribute that holds files takes; of a family's and of a product's attributes alike. */
export type FileRules = {
  code: string
  /** In megabytes, as Akeneo writes it. */
  max_file_size?: string | number | null | undefined
  /** Without dots; empty for all. */
  allowed_extensions?: string[] | null | undefined
}

/** Akeneo does not define its megabyte: the larger one is assumed, and Akeneo decides. */
const megabyte = 1024 * 1024

/** The most bytes that the attribute may take. */
export function mostBytes({ max_file_size: max }: FileRules): number {
  const megabytes = Number(max)
  return max && megabytes > 0 ? megabytes * megabyte : Number.POSITIVE_INFINITY
}

/**
 * Refuses what the attribute would refuse, before a byte is sent.
 * @throws {BridgeError} permanent, `AKENEO_TYPE_REFUSED` or `AKENEO_TOO_LARGE`
 */
export function checkFile(rules: FileRules, { name, size }: Pick<AssetBinary, 'name' | 'size'>): void {
  const { code, allowed_extensions: allowed } = rules
  const dot = name.lastIndexOf('.')
  const extension = dot < 0 ? '' : name.slice(dot + 1).toLowerCase()
  if (allowed && allowed.length > 0 && !allowed.some((one) => one.toLowerCase() === extension)) {
    throw typeRefused(`${code} takes ${allowed.join(', ')} only; ${name} is none of these`)
  }
  if (size !== undefined && size > mostBytes(rules)) {
    throw tooLarge(`${code} takes ${rules.max_file_size} MB; ${name} has more`)
  }
}
