// As much of a browser as the banner script asks for. What would make HTML of a text throws.
class Element {
	constructor(tag) {
		Object.assign(this, { tag, nodes: [], style: {}, dataset: {}, attributes: {}, parentNode: null })
	}
	set innerHTML(_) { throw new Error('innerHTML is set') }
	set textContent(text) { this.replaceChildren(text) }
	get textContent() { return this.nodes.map(n => n instanceof Element ? n.textContent : n).join('') }
	setAttribute(name, value) { this.attributes[name] = value }
	adopt(nodes) {
		for (const n of nodes) if (n instanceof Element) n.parentNode = this
		return nodes
	}
	append(...nodes) { this.nodes.push(...this.adopt(nodes)) }
	prepend(...nodes) { this.nodes.unshift(...this.adopt(nodes)) }
	replaceChildren(...nodes) { this.nodes = this.adopt(nodes); this.changes = (this.changes || 0) + 1 }
	all() { return this.nodes.filter(n => n instanceof Element).flatMap(n => [n, ...n.all()]) }
}

var now = Date.parse('2026-03-01T10:00:00Z')
Date.now = () => now
Date.prototype.toLocaleString = function (lang, options) {
	if (lang === '' || /_/.test(lang)) throw new RangeError('invalid language tag') // as Intl does
	return `${lang} ${options.dateStyle} ${options.timeStyle} ${this.toISOString().slice(11, 16)}`
}
Math.random = () => 0

var timers = new Map(), lastTimer = 0
var setTimeout = (f, ms) => { timers.set(++lastTimer, { f, ms }); return lastTimer }
var clearTimeout = id => { timers.delete(id) }
// fire runs the only timer, and returns after how long that would have been.
var fire = () => {
	if (timers.size != 1) throw new Error(`${timers.size} timers are set`)
	const [[id, { f, ms }]] = timers
	timers.delete(id)
	f()
	return ms
}

var sources = []
class EventSource {
	constructor(url) { Object.assign(this, { url, readyState: 0, on: {} }); sources.push(this) }
	addEventListener(type, f) { this.on[type] = f }
	close() { this.readyState = 2 }
}
var tell = data => sources.at(-1).on.state({ data })
var lose = forGood => {
	const source = sources.at(-1)
	source.readyState = forGood ? 2 : 0
	source.onerror()
}

var asked = []
var fetch = (url, options) => new Promise((resolve, reject) => { asked.push({ url, options, resolve, reject }) })
var answer = (status, body) => asked.at(-1).resolve({ ok: status == 200, json: async () => JSON.parse(body) })

var document = {
	hidden: false, listeners: {},
	documentElement: { lang: 'en' }, body: new Element('body'), currentScript: new Element('script'),
	createElement: tag => new Element(tag),
	getElementById: id => document.body.all().find(e => e.id === id) || null,
	addEventListener: (type, f) => { document.listeners[type] = f },
}
document.body.append(new Element('main'))
var hide = hidden => {
	document.hidden = hidden
	document.listeners.visibilitychange()
}
var banner = () => document.getElementById('quiesce-banner')
