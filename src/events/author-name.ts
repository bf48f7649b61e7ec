const accountSource = /^acct:aem-(cmstg-)?p(\d+)-e(\d+)@adobe\.com$/

/**
 * The host that a CloudEvents source names: by program and environment, or, in some samples, by the host itself. A URN,
 * as AEM's event proxy sends, names none. What is not understood is handed on as it is, to be refused: the default
 * author is for events that name none.
 */
export function hostOfSource(source: unknown): unknown {
  if (isNothing(source)) return undefined
  if (typeof source !== 'string') return source
  if (/^urn:/i.test(source)) return undefined
  const [, stage, program, environment] = accountSource.exec(source) ?? []
  return program === undefined
    ? hostOfUrl(source)
    : `author-p${program}-e${environment}${stage ? '-cmstg' : ''}.adobeaemcloud.com`
}

/** The host of an author's URL, which has nothing behind the host; anything else as it is, to be refused. */
export function hostOfUrl(url: unknown): unknown {
  if (isNothing(url)) return undefined
  return typeof url === 'string' ? (/^https?:\/\/([^/]*)\/?$/i.exec(url)?.[1] ?? url) : url
}

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '')
