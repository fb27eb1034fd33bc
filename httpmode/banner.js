// <script src="/banner.js" data-status="/status" defer></script>
(() => {
	const d = document, say = {
		status: '/status',
		closed: 'This site is read-only for now.',
		guest: 'Signing in is paused.',
		soon: 'Read-only from {time}.',
		end: 'Expected end: {time}.',
		...d.currentScript?.dataset
	}
	const box = d.getElementById('quiesce-banner') || d.createElement('div')
	box.id = 'quiesce-banner'
	box.setAttribute('role', 'status')
	if (!box.parentNode) d.body.prepend(box)
	let shown, live, timer, wait = 3e4

	const at = (text, time) => {
		const by = lang => text.replace('{time}',
			new Date(time).toLocaleString(lang, { dateStyle: 'medium', timeStyle: 'short' }))
		try { return by(d.documentElement.lang) } catch { return by() }
	}
	const show = s => {
		const ahead = Date.parse(s.until) > Date.now()
		const head = s.mode == 'read-only' || s.get_only ? say.closed : s.anonymous ? say.guest
			: s.announced && (ahead || !s.until) && at(say.soon, s.announced)
		const parts = head ? [head, s.message, ahead && at(say.end, s.until)].filter(Boolean) : []
		if (shown == parts) return
		shown = parts + ''
		const p = d.createElement('p')
		p.style.cssText = 'margin:0;padding:1rem;color-scheme:light dark;background:Canvas;color:CanvasText;border-bottom:4px solid #b80'
		for (const text of parts) {
			const e = d.createElement('bdi')
			e.textContent = text
			p.append(e, ' ')
		}
		box.replaceChildren(...head ? [p] : [])
	}
	const poll = () => fetch(say.status)
		.then(r => r.ok ? r.json() : Promise.reject())
		.then(show).then(() => 3e4, () => Math.min(wait * 2, 6e5)).then(ms => {
			wait = ms
			clearTimeout(timer)
			if (!d.hidden && live.readyState == 2) timer = setTimeout(poll, ms * (1 + Math.random()))
		})
	const watch = () => {
		live?.close()
		clearTimeout(timer)
		if (d.hidden) return
		live = new EventSource(say.status)
		live.addEventListener('state', e => show(JSON.parse(e.data)))
		live.onerror = () => { if (live.readyState == 2) poll() }
	}
	d.addEventListener('visibilitychange', watch)
	watch()
})()
