/** The map itself: MapLibre with the console's chart on it, and the few acts that the page needs of it. */
import {
  LngLat,
  Map as MapLibre,
  setWorkerUrl,
  type ErrorEvent,
  type GeoJSONSource,
  type MapGeoJSONFeature,
  type MapLayerMouseEvent,
} from 'maplibre-gl'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'

import type { Bounds, Place, TileId } from '../api/types'
import { reducedMotion } from '../state/preferences'
import type { View } from '../state/view-link'
import {
  clusterOf,
  eventFeature,
  featureId,
  markFeatures,
  position,
  ringFeature,
  type EventMark,
} from './features'
import { metresPerPixel } from './geometry'
import { graticule } from './graticule'
import { LAYER, SINGLE_CAMERAS_ZOOM, type Look } from './look'
import type { Palette } from './palette'
import { gather, ringBits } from './rings'
import { CAMERA_MAX_ZOOM, chartStyle } from './style'
import { drawSign } from './symbols'
import { touching } from './tiles'

setWorkerUrl(workerUrl)

const MARGIN = 32
const FLIGHT_MS = 420
/** Close enough to tell single cameras apart. */
const STREET_ZOOM = 15.5

export interface Drawn {
  cameras: number
  events: number
}

export interface ChartListener {
  cameraChosen: (id: number, longitude: number, latitude: number) => void
  eventChosen: (id: number) => void
  pointed: (longitude: number, latitude: number) => void
  /** The view has changed, perhaps not for the last time. */
  moved: (view: View, metresPerPixel: number) => void
  /** Something is still to be fetched or drawn. */
  busy: () => void
  /** Everything that belongs to the view is drawn; these were counted in the picture itself. */
  idle: (drawn: Drawn) => void
  failed: (status: number) => void
}

export class Chart {
  private readonly map: MapLibre
  private palette: Palette
  private marks: EventMark[] = []
  private mark: Place | null = null
  /** What the rings were gathered from; while it is unlike what the view needs, the picture is not finished. */
  private gathered = ''

  /**
   * @throws {Error} The browser cannot draw with WebGL.
   */
  constructor(
    container: HTMLElement,
    look: Look,
    view: View | null,
    private readonly home: Bounds,
    private readonly listener: ChartListener,
  ) {
    this.palette = look.palette
    this.map = new MapLibre({
      container,
      style: chartStyle(look),
      ...(view
        ? { center: [view.longitude, view.latitude] as [number, number], zoom: view.zoom }
        : { bounds: home, fitBoundsOptions: { padding: MARGIN } }),
      minZoom: 5,
      maxZoom: 19,
      attributionControl: false,
      renderWorldCopies: false,
      // The chart keeps north up: headings and addresses are read against it.
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: reducedMotion() ? 0 : 150,
    })
    this.map.touchZoomRotate.disableRotation()
    this.map.keyboard.disableRotation()
    this.drawSignsOnDemand()
    this.listen()
  }

  /** Tell the listener where the map stands. */
  announce(): void {
    const { lng, lat } = this.map.getCenter()
    const zoom = this.map.getZoom()
    this.listener.moved({ zoom, latitude: lat, longitude: lng }, metresPerPixel(lat, zoom))
  }

  remove(): void {
    this.map.remove()
  }

  resize(): void {
    this.map.resize()
  }

  dress(look: Look): void {
    this.palette = look.palette
    this.map.setStyle(chartStyle(look), {
      // What the page put on the map stays on it.
      transformStyle: (before, after) => ({
        ...after,
        sources: {
          ...after.sources,
          ...Object.fromEntries(
            Object.entries(before?.sources ?? {}).filter(([, source]) => source.type === 'geojson'),
          ),
        },
      }),
    })
  }

  showEvents(marks: EventMark[]): void {
    this.marks = marks
    this.fill('events', marks.flatMap(eventFeature))
  }

  choose(mark: Place | null): void {
    this.mark = mark
    this.fill('selection', mark ? markFeatures(mark) : [])
  }

  flyTo(longitude: number, latitude: number): void {
    const center = new LngLat(longitude, latitude)
    const zoom = Math.max(this.map.getZoom(), STREET_ZOOM)
    this.map.flyTo({ center, zoom, ...this.motion() })
  }

  showHome(): void {
    this.map.fitBounds(this.home, { padding: MARGIN, ...this.motion() })
  }

  zoomBy(steps: number): void {
    this.map.zoomTo(this.map.getZoom() + steps, this.motion())
  }

  goTo({ longitude, latitude, zoom }: View): void {
    this.map.jumpTo({ center: [longitude, latitude], zoom })
  }

  /** Fetch the camera tiles again in which something has changed. */
  refreshCameras(changed: TileId[]): void {
    this.map.refreshTiles('cameras', touching(changed, CAMERA_MAX_ZOOM))
  }

  /** Ask again for all tiles in view, because anything may have changed or tiles have failed. */
  refresh(): void {
    this.map.refreshTiles('cameras')
    // Kept by the browser for minutes, so that this costs nothing unless they failed.
    this.map.refreshTiles('base')
  }

  private motion(): { duration: number } {
    return { duration: reducedMotion() ? 0 : FLIGHT_MS }
  }

  private fill(source: string, features: GeoJSON.Feature[]): void {
    const found = this.map.getSource<GeoJSONSource>(source)
    void found?.setData({ type: 'FeatureCollection', features })
  }

  private drawSignsOnDemand(): void {
    const ratio = Math.max(2, Math.ceil(window.devicePixelRatio))
    this.map.setMissingStyleImageResolver((name) => {
      const sign = drawSign(name, this.palette, ratio)
      if (sign) this.map.addImage(name, sign.data, { pixelRatio: sign.ratio })
    })
  }

  private listen(): void {
    const { map, listener } = this
    map.on('load', () => {
      this.fill('graticule', graticule())
      this.fill('events', this.marks.flatMap(eventFeature))
      this.fill('selection', this.mark ? markFeatures(this.mark) : [])
    })
    map.on('mousemove', ({ lngLat }) => {
      listener.pointed(lngLat.lng, lngLat.lat)
    })
    map.on('move', () => {
      this.announce()
    })
    map.on('movestart', listener.busy)
    map.on('dataloading', listener.busy)
    map.on('sourcedata', ({ sourceId }) => {
      if (sourceId === 'cameras' && map.isSourceLoaded('cameras')) this.gatherRings()
    })
    map.on('idle', () => {
      if (!this.gatherRings()) listener.idle(this.count())
    })
    map.on('error', ({ error }: ErrorEvent) => {
      listener.failed((error as { status?: number }).status ?? 0)
    })
    for (const layer of Object.values(LAYER)) {
      map.on('mouseenter', layer, () => (map.getCanvas().style.cursor = 'pointer'))
      map.on('mouseleave', layer, () => (map.getCanvas().style.cursor = ''))
    }
    map.on('click', (event) => {
      this.click(event)
    })
  }

  /** Choose the topmost thing under the pointer: an event before a camera before a cluster. */
  private click({ point }: MapLayerMouseEvent): void {
    const under = this.map.queryRenderedFeatures(point, { layers: Object.values(LAYER) })
    const on = (layer: string): MapGeoJSONFeature | undefined => under.find((one) => one.layer.id === layer)
    const event = on(LAYER.events)
    const camera = on(LAYER.cameras)
    const cluster = on(LAYER.rings) ?? on(LAYER.clusters)
    if (event) this.listener.eventChosen(Number(event.properties['id']))
    else if (camera) this.listener.cameraChosen(featureId(camera), ...position(camera))
    else if (cluster)
      this.map.easeTo({ center: position(cluster), zoom: this.map.getZoom() + 2, ...this.motion() })
  }

  /**
   * Make the rings anew if the tiles in view or the zoom have changed.
   *
   * @returns whether they had to be made, so that something is still to be drawn.
   */
  private gatherRings(): boolean {
    const zoom = this.map.getZoom()
    if (zoom >= SINGLE_CAMERAS_ZOOM) return false
    const cells = this.map.querySourceFeatures('cameras', { sourceLayer: 'cluster' })
    const bits = ringBits(zoom)
    const key = `${bits} ${cells.length} ${cells.reduce((sum, one) => sum + Number(one.properties['n']), 0)}`
    if (key === this.gathered) return false
    this.gathered = key
    this.fill('rings', gather(cells.map(clusterOf), bits).map(ringFeature))
    return true
  }

  private count(): Drawn {
    const drawn = (layer: string): MapGeoJSONFeature[] => this.map.queryRenderedFeatures({ layers: [layer] })
    const unlike = (layer: string): number => new Set(drawn(layer).map(featureId)).size
    const clusters = new Map(drawn(LAYER.clusters).map((one) => [position(one).join(), one]))
    const clustered = [...clusters.values()].reduce((sum, one) => sum + Number(one.properties['n']), 0)
    return { cameras: clustered + unlike(LAYER.cameras), events: unlike(LAYER.events) }
  }
}
