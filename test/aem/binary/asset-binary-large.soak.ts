import { startDownloads } from './downloads'
import { mebibyte, readCutAgainAndAgain } from './large-downloads'

it('reads 256 MiB that are cut again and again, in little memory', async () => {
  const large = 256 * mebibyte
  const author = await startDownloads({ content: { size: large, seed: 'film' } })
  try {
    await readCutAgainAndAgain(
      author,
      large,
      [50, 20, 1, 90].map((it) => it * mebibyte + 17),
    )
  } finally {
    await author.close()
  }
})
