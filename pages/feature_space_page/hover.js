// A card with the spectrogram and facts of the clip under the pointer, beside a Plotly chart; clicks; a ring around the
// clip that was clicked.
const SCALE = 5          // of a picture on the card
const EVERY = 300        // ms between two looks for a new chart: Streamlit may replace it
const FAR = 16           // pixels from the pointer to the card
const STILL = 5          // pixels that the pointer may move in a click
const RING = 20          // pixels across
const COLOURS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]]

const instances = new WeakMap()

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  let it = instances.get(parentElement)
  if (!it) {
    it = start()
    instances.set(parentElement, it)
  }
  it.report = (number) => setTriggerValue("clicked", number)
  it.use(data)
  return () => {
    it.stop()
    instances.delete(parentElement)
  }
}

function start() {
  const card = document.createElement("div")
  card.className = "asd-hover-card"
  card.setAttribute("aria-hidden", "true")
  Object.assign(card.style, {
    position: "fixed", zIndex: 999999, pointerEvents: "none", display: "none", padding: "8px",
    borderRadius: "8px", boxShadow: "0 3px 14px rgba(0,0,0,.35)", background: "#10161c", color: "#e6edf3",
    font: "12px/1.35 sans-serif", maxWidth: "240px",
  })
  const canvas = document.createElement("canvas")
  canvas.style.display = "block"
  const name = document.createElement("div")
  name.style.fontWeight = "600"
  name.style.overflowWrap = "anywhere"
  const facts = document.createElement("div")
  const value = document.createElement("div")
  const rule = document.createElement("style")
  rule.textContent = "[data-card=on] .hovertext { display: none }"
  card.append(rule, canvas, name, facts, value)
  document.body.append(card)
  const ring = document.createElement("div")
  ring.className = "asd-hover-ring"
  ring.setAttribute("aria-hidden", "true")
  Object.assign(ring.style, {
    position: "absolute", pointerEvents: "none", display: "none", width: `${RING}px`, height: `${RING}px`,
    boxSizing: "border-box", borderRadius: "50%", border: "2px solid #111", boxShadow: "0 0 0 2px #F0E442",
  })

  let data = null, names = null, sheet = null, asked = "", shown = null, pointer = [0, 0], pressed = null
  const known = new WeakSet()

  function use(next) {
    data = next
    if (data.names + data.sheet !== asked) names = sheet = null
    look()
    encircle()
  }

  async function fetchOnce() {
    if (asked === data.names + data.sheet) return
    asked = data.names + data.sheet
    try {
      if (data.sheet) {
        const image = new Image()
        image.src = data.sheet
        image.decode().then(() => { sheet = image; draw() }, () => {})
      }
      names = data.names ? await (await fetch(data.names)).json() : null
      draw()
    } catch { names = null }  // the card then shows what the chart itself knows
  }

  function look() {
    const chart = document.querySelector(`.${data.chart} .js-plotly-plot`)
    if (!chart || !chart.on || !chart._ev || known.has(chart._ev)) return
    known.add(chart._ev)
    chart.on("plotly_hover", (event) => show(chart, event.points[0], event.event))
    chart.on("plotly_unhover", hide)
    for (const name of ["plotly_afterplot", "plotly_relayout", "plotly_relayouting"]) chart.on(name, encircle)
    if (chart.dataset.hover !== "ready") {  // the element may outlive its chart
      chart.addEventListener("mousemove", (event) => { pointer = [event.clientX, event.clientY]; place() })
      chart.addEventListener("mouseleave", hide)
      chart.addEventListener("pointerdown", press, true)
    }
    chart.dataset.hover = "ready"
    encircle()
  }

  // Plotly's own click is not heard everywhere: in space it needs a picture to be drawn while the button is down.
  function press(event) {
    const close = shown && Math.hypot(event.clientX - pointer[0], event.clientY - pointer[1]) < STILL
    pressed = close && event.button === 0 ? { number: shown.number, x: event.clientX, y: event.clientY } : null
  }

  function release(event) {
    if (pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < STILL) it.report(pressed.number)
    pressed = null
  }
  window.addEventListener("pointerup", release, true)

  // Around the clip that was clicked, while it is inside the frame; a chart in space has no place for it.
  function encircle() {
    const chart = document.querySelector(`.${data.chart} .js-plotly-plot`), layout = chart?._fullLayout
    const axes = layout && [layout.xaxis, layout.yaxis], number = data.ringed
    ring.style.display = "none"
    if (number === null || number === undefined || !axes[0]?.l2p) return
    for (const trace of chart._fullData) {
      const k = trace.visible === true && trace.customdata ? trace.customdata.indexOf(number) : -1
      if (k < 0) continue
      const place = [axes[0].l2p(trace.x[k]), axes[1].l2p(trace.y[k])]
      if (place.some((value, i) => !(value >= 0 && value <= axes[i]._length))) return
      if (ring.parentElement !== chart) chart.append(ring)
      ring.style.left = `${axes[0]._offset + place[0] - RING / 2}px`
      ring.style.top = `${axes[1]._offset + place[1] - RING / 2}px`
      ring.style.display = "block"
      return
    }
  }

  function show(chart, point, event) {
    if (!point || point.customdata === undefined) return hide()
    if (event && event.clientX !== undefined) pointer = [event.clientX, event.clientY]
    shown = { number: Number(point.customdata), colour: point["marker.color"], trace: point.data, chart }
    fetchOnce()
    draw()
  }

  function hide() {
    shown = null
    card.style.display = "none"
  }

  function draw() {
    const found = shown && names && names[shown.number]
    if (!found) return
    // The chart's own label would lie under the card.
    shown.chart.dataset.card = "on"
    name.textContent = found[0]
    facts.textContent = found[1]
    const number = typeof shown.colour === "number" ? shown.colour : null
    const title = shown.trace.name.replace(/ \(\d+\)$/, "")
    value.textContent = number === null ? "" : `${title}: ${number.toPrecision(3)}`
    canvas.style.display = sheet ? "block" : "none"
    if (sheet) picture(shown.number)
    card.style.display = "block"
    card.dataset.clip = found[0]
    place()
  }

  function picture(number) {
    const { width, height, across } = data
    const left = (number % across) * width, top = Math.floor(number / across) * height
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext("2d", { willReadFrequently: true })
    context.drawImage(sheet, left, top, width, height, 0, 0, width, height)
    const pixels = context.getImageData(0, 0, width, height)
    for (let i = 0; i < pixels.data.length; i += 4) colour(pixels.data, i)
    context.putImageData(pixels, 0, 0)
    Object.assign(canvas.style, {
      width: `${width * SCALE}px`, height: `${height * SCALE}px`, borderRadius: "4px", marginBottom: "6px",
    })
  }

  function place() {
    if (!shown) return
    const box = card.getBoundingClientRect()
    let [x, y] = [pointer[0] + FAR, pointer[1] + FAR]
    if (x + box.width > window.innerWidth) x = pointer[0] - FAR - box.width
    if (y + box.height > window.innerHeight) y = pointer[1] - FAR - box.height
    card.style.left = `${Math.max(4, x)}px`
    card.style.top = `${Math.max(4, y)}px`
  }

  const timer = setInterval(() => { if (data) look() }, EVERY)
  const it = {
    use,
    report: () => {},
    stop: () => {
      clearInterval(timer)
      window.removeEventListener("pointerup", release, true)
      hide()
      card.remove()
      ring.remove()
    },
  }
  return it
}

// The sheet is grey: half the file. Here it gets the colours of the spectrograms.
function colour(bytes, i) {
  const at = bytes[i] / 255 * (COLOURS.length - 1)
  const low = Math.min(Math.floor(at), COLOURS.length - 2), part = at - low
  for (let c = 0; c < 3; c++) bytes[i + c] = COLOURS[low][c] + part * (COLOURS[low + 1][c] - COLOURS[low][c])
}
