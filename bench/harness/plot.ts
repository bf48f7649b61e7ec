import { init } from 'echarts'
import type { Axis, Plot } from './row'

const size = { width: 720, height: 400 }

/** Draws a plot as SVG, readable on a light and on a dark page. */
export function plotSvg({ title, x, y, lines }: Plot): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...size })
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily: 'sans-serif' },
      title: { text: title, left: 'center', top: 8, textStyle: { fontSize: 15 } },
      legend: { bottom: 4 },
      grid: { left: 80, right: 40, top: 56, bottom: 76 },
      xAxis: { ...axis(x), nameLocation: 'middle', nameGap: 26 },
      yAxis: { ...axis(y), nameLocation: 'middle', nameGap: 58 },
      series: lines.map(({ name, points }) => ({
        type: 'line',
        name,
        symbolSize: 7,
        data: points.map(([at, value]) => [at, value]),
      })),
    })
    return `${chart.renderToSVGString()}\n`
  } finally {
    chart.dispose()
  }
}

const axis = ({ label, log }: Axis) =>
  log === true ? { type: 'log' as const, name: label } : { type: 'value' as const, name: label, min: 0 }
