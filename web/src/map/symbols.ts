/** The map's own signs, drawn to pictures when the map first asks for them. */
import type { CameraState, Severity } from '../api/types'
import type { Palette } from './palette'

/** Slices that a ring is divided into; shares are rounded to them, so that rings are few. */
export const RING_SLICES = 24

/** Trouble first, clockwise from the top: what is wrong starts where the eye starts. */
export const RING_ORDER = ['offline', 'degraded', 'unknown', 'online'] as const satisfies CameraState[]

export interface Picture {
  data: ImageData
  /** Device pixels to one pixel of the page. */
  ratio: number
}

/**
 * Draw the sign that `name` describes.
 *
 * Names are paths, the theme first so that a change of theme asks for new pictures:
 * `light/camera/online`, `light/tick`, `light/event/2/real`, `light/event/2/exercise`,
 * `light/ring/40/1-2-0-21` (diameter, then slices in the order of {@link RING_ORDER}).
 *
 * @returns null for a name that describes no sign.
 */
export function drawSign(name: string, palette: Palette, ratio: number): Picture | null {
  const [, sign, first, second] = name.split('/')
  switch (sign) {
    case 'camera':
      return draw(18, ratio, (g) => {
        drawState(g, first as CameraState, palette)
      })
    case 'tick':
      return draw(44, ratio, (g) => {
        drawTick(g, palette)
      })
    case 'event':
      return draw(34, ratio, (g) => {
        drawEvent(g, Number(first) as Severity, second === 'exercise', palette)
      })
    case 'ring': {
      const slices = (second ?? '').split('-').map(Number)
      return draw(Number(first) + 4, ratio, (g) => {
        drawRing(g, Number(first) / 2, slices, palette)
      })
    }
    default:
      return null
  }
}

/** A picture of `size` page pixels a side, drawn with the origin in its middle. */
function draw(size: number, ratio: number, paint: (g: CanvasRenderingContext2D) => void): Picture | null {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = Math.round(size * ratio)
  const g = canvas.getContext('2d')
  if (!g) return null
  g.scale(ratio, ratio)
  g.translate(size / 2, size / 2)
  paint(g)
  return { data: g.getImageData(0, 0, canvas.width, canvas.height), ratio }
}

const TURN = Math.PI * 2

/** ● ▲ ✕ ○, each in its colour with a thin edge of the panel's colour, so that it reads on any ground. */
function drawState(g: CanvasRenderingContext2D, state: CameraState, palette: Palette): void {
  const shape = new Path2D()
  g.lineJoin = g.lineCap = 'round'
  g.strokeStyle = palette.panel
  if (state === 'online') {
    shape.arc(0, 0, 4, 0, TURN)
    edgeThenFill(g, shape, palette.online)
  } else if (state === 'degraded') {
    shape.moveTo(0, -6)
    shape.lineTo(6.2, 5)
    shape.lineTo(-6.2, 5)
    shape.closePath()
    edgeThenFill(g, shape, palette.degraded)
  } else if (state === 'offline') {
    shape.moveTo(-4.4, -4.4)
    shape.lineTo(4.4, 4.4)
    shape.moveTo(4.4, -4.4)
    shape.lineTo(-4.4, 4.4)
    edgeThenStroke(g, shape, palette.offline, 2.6)
  } else {
    shape.arc(0, 0, 4, 0, TURN)
    edgeThenStroke(g, shape, palette.unknown, 2)
  }
}

function edgeThenFill(g: CanvasRenderingContext2D, shape: Path2D, colour: string): void {
  g.lineWidth = 2.5
  g.stroke(shape)
  g.fillStyle = colour
  g.fill(shape)
}

function edgeThenStroke(g: CanvasRenderingContext2D, shape: Path2D, colour: string, width: number): void {
  g.lineWidth = width + 2.5
  g.stroke(shape)
  g.strokeStyle = colour
  g.lineWidth = width
  g.stroke(shape)
}

/** Which way a camera looks: a narrow wedge northwards, turned by the map. */
function drawTick(g: CanvasRenderingContext2D, palette: Palette): void {
  const reach = 21
  const half = Math.PI / 7
  g.beginPath()
  g.moveTo(0, 0)
  g.arc(0, 0, reach, -Math.PI / 2 - half, -Math.PI / 2 + half)
  g.closePath()
  g.globalAlpha = 0.2
  g.fillStyle = palette.online
  g.fill()
  g.globalAlpha = 0.75
  g.strokeStyle = palette.online
  g.lineWidth = 1.25
  g.beginPath()
  g.moveTo(0, -6)
  g.lineTo(0, -13)
  g.stroke()
}

/** A severity numeral on a square with a foot; 1 and 2 are filled, 3 and 4 outlined, exercises dashed. */
function drawEvent(g: CanvasRenderingContext2D, severity: Severity, exercise: boolean, palette: Palette): void {
  const colour = palette[`severity${severity}`]
  const filled = severity <= 2 && !exercise
  const body = new Path2D()
  body.roundRect(-11, -16, 22, 22, 5)
  const foot = new Path2D()
  foot.moveTo(-5, 5)
  foot.lineTo(5, 5)
  foot.lineTo(0, 14)
  foot.closePath()

  g.lineJoin = 'round'
  g.strokeStyle = palette.panel
  g.lineWidth = 4
  g.stroke(body)
  g.stroke(foot)
  g.fillStyle = colour
  g.fill(foot)
  g.fillStyle = filled ? colour : palette.panel
  g.fill(body)
  if (!filled) {
    const border = new Path2D()
    border.roundRect(-10, -15, 20, 20, 4)
    g.strokeStyle = colour
    g.lineWidth = 2
    if (exercise) g.setLineDash([4, 2.4])
    g.stroke(border)
  }
  g.fillStyle = filled ? palette.panel : colour
  g.font = `600 15px ${getComputedStyle(document.body).fontFamily}`
  g.textAlign = 'center'
  g.textBaseline = 'middle'
  g.fillText(String(severity), 0, -4.2)
}

/** A ring divided by state around a calm middle that carries the count. */
function drawRing(g: CanvasRenderingContext2D, radius: number, slices: number[], palette: Palette): void {
  const width = radius < 16 ? 3 : 3.5
  const total = slices.reduce((sum, slice) => sum + slice, 0) || 1
  g.beginPath()
  g.arc(0, 0, radius + 1, 0, TURN)
  g.fillStyle = palette.panel
  g.fill()
  g.lineWidth = width
  let from = -Math.PI / 2
  RING_ORDER.forEach((state, index) => {
    const to = from + ((slices[index] ?? 0) / total) * TURN
    g.beginPath()
    g.arc(0, 0, radius - width / 2, from, to)
    g.strokeStyle = palette[state]
    if (to > from) g.stroke()
    from = to
  })
}
