/**
 * A hash of the code that a checkout deploys: 32 hexadecimal digits.
 * @param root the folder of the checkout
 */
export function codeHash(root: string): string
