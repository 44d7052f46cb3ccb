// node_modules/@lit/reactive-element/css-tag.js
var e = globalThis, t = e.ShadowRoot && (e.ShadyCSS === void 0 || e.ShadyCSS.nativeShadow) && "adoptedStyleSheets" in Document.prototype && "replace" in CSSStyleSheet.prototype, n = Symbol(), r = /* @__PURE__ */ new WeakMap(), i = class {
	constructor(e, t, r) {
		if (this._$cssResult$ = !0, r !== n) throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");
		this.cssText = e, this.t = t;
	}
	get styleSheet() {
		let e = this.o, n = this.t;
		if (t && e === void 0) {
			let t = n !== void 0 && n.length === 1;
			t && (e = r.get(n)), e === void 0 && ((this.o = e = new CSSStyleSheet()).replaceSync(this.cssText), t && r.set(n, e));
		}
		return e;
	}
	toString() {
		return this.cssText;
	}
}, a = (e) => new i(typeof e == "string" ? e : e + "", void 0, n), o = (e, ...t) => new i(e.length === 1 ? e[0] : t.reduce((t, n, r) => t + ((e) => {
	if (!0 === e._$cssResult$) return e.cssText;
	if (typeof e == "number") return e;
	throw Error("Value passed to 'css' function must be a 'css' function result: " + e + ". Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.");
})(n) + e[r + 1], e[0]), e, n), s = (n, r) => {
	if (t) n.adoptedStyleSheets = r.map((e) => e instanceof CSSStyleSheet ? e : e.styleSheet);
	else for (let t of r) {
		let r = document.createElement("style"), i = e.litNonce;
		i !== void 0 && r.setAttribute("nonce", i), r.textContent = t.cssText, n.appendChild(r);
	}
}, c = t ? (e) => e : (e) => e instanceof CSSStyleSheet ? ((e) => {
	let t = "";
	for (let n of e.cssRules) t += n.cssText;
	return a(t);
})(e) : e, { is: l, defineProperty: u, getOwnPropertyDescriptor: d, getOwnPropertyNames: ee, getOwnPropertySymbols: te, getPrototypeOf: ne } = Object, f = globalThis, re = f.trustedTypes, ie = re ? re.emptyScript : "", ae = f.reactiveElementPolyfillSupport, p = (e, t) => e, m = {
	toAttribute(e, t) {
		switch (t) {
			case Boolean:
				e = e ? ie : null;
				break;
			case Object:
			case Array: e = e == null ? e : JSON.stringify(e);
		}
		return e;
	},
	fromAttribute(e, t) {
		let n = e;
		switch (t) {
			case Boolean:
				n = e !== null;
				break;
			case Number:
				n = e === null ? null : Number(e);
				break;
			case Object:
			case Array: try {
				n = JSON.parse(e);
			} catch {
				n = null;
			}
		}
		return n;
	}
}, oe = (e, t) => !l(e, t), se = {
	attribute: !0,
	type: String,
	converter: m,
	reflect: !1,
	useDefault: !1,
	hasChanged: oe
};
Symbol.metadata ??= Symbol("metadata"), f.litPropertyMetadata ??= /* @__PURE__ */ new WeakMap();
var h = class extends HTMLElement {
	static addInitializer(e) {
		this._$Ei(), (this.l ??= []).push(e);
	}
	static get observedAttributes() {
		return this.finalize(), this._$Eh && [...this._$Eh.keys()];
	}
	static createProperty(e, t = se) {
		if (t.state && (t.attribute = !1), this._$Ei(), this.prototype.hasOwnProperty(e) && ((t = Object.create(t)).wrapped = !0), this.elementProperties.set(e, t), !t.noAccessor) {
			let n = Symbol(), r = this.getPropertyDescriptor(e, n, t);
			r !== void 0 && u(this.prototype, e, r);
		}
	}
	static getPropertyDescriptor(e, t, n) {
		let { get: r, set: i } = d(this.prototype, e) ?? {
			get() {
				return this[t];
			},
			set(e) {
				this[t] = e;
			}
		};
		return {
			get: r,
			set(t) {
				let a = r?.call(this);
				i?.call(this, t), this.requestUpdate(e, a, n);
			},
			configurable: !0,
			enumerable: !0
		};
	}
	static getPropertyOptions(e) {
		return this.elementProperties.get(e) ?? se;
	}
	static _$Ei() {
		if (this.hasOwnProperty(p("elementProperties"))) return;
		let e = ne(this);
		e.finalize(), e.l !== void 0 && (this.l = [...e.l]), this.elementProperties = new Map(e.elementProperties);
	}
	static finalize() {
		if (this.hasOwnProperty(p("finalized"))) return;
		if (this.finalized = !0, this._$Ei(), this.hasOwnProperty(p("properties"))) {
			let e = this.properties, t = [...ee(e), ...te(e)];
			for (let n of t) this.createProperty(n, e[n]);
		}
		let e = this[Symbol.metadata];
		if (e !== null) {
			let t = litPropertyMetadata.get(e);
			if (t !== void 0) for (let [e, n] of t) this.elementProperties.set(e, n);
		}
		this._$Eh = /* @__PURE__ */ new Map();
		for (let [e, t] of this.elementProperties) {
			let n = this._$Eu(e, t);
			n !== void 0 && this._$Eh.set(n, e);
		}
		this.elementStyles = this.finalizeStyles(this.styles);
	}
	static finalizeStyles(e) {
		let t = [];
		if (Array.isArray(e)) {
			let n = new Set(e.flat(1 / 0).reverse());
			for (let e of n) t.unshift(c(e));
		} else e !== void 0 && t.push(c(e));
		return t;
	}
	static _$Eu(e, t) {
		let n = t.attribute;
		return !1 === n ? void 0 : typeof n == "string" ? n : typeof e == "string" ? e.toLowerCase() : void 0;
	}
	constructor() {
		super(), this._$Ep = void 0, this.isUpdatePending = !1, this.hasUpdated = !1, this._$Em = null, this._$Ev();
	}
	_$Ev() {
		this._$ES = new Promise((e) => this.enableUpdating = e), this._$AL = /* @__PURE__ */ new Map(), this._$E_(), this.requestUpdate(), this.constructor.l?.forEach((e) => e(this));
	}
	addController(e) {
		(this._$EO ??= /* @__PURE__ */ new Set()).add(e), this.renderRoot !== void 0 && this.isConnected && e.hostConnected?.();
	}
	removeController(e) {
		this._$EO?.delete(e);
	}
	_$E_() {
		let e = /* @__PURE__ */ new Map(), t = this.constructor.elementProperties;
		for (let n of t.keys()) this.hasOwnProperty(n) && (e.set(n, this[n]), delete this[n]);
		e.size > 0 && (this._$Ep = e);
	}
	createRenderRoot() {
		let e = this.shadowRoot ?? this.attachShadow(this.constructor.shadowRootOptions);
		return s(e, this.constructor.elementStyles), e;
	}
	connectedCallback() {
		this.renderRoot ??= this.createRenderRoot(), this.enableUpdating(!0), this._$EO?.forEach((e) => e.hostConnected?.());
	}
	enableUpdating(e) {}
	disconnectedCallback() {
		this._$EO?.forEach((e) => e.hostDisconnected?.());
	}
	attributeChangedCallback(e, t, n) {
		this._$AK(e, n);
	}
	_$ET(e, t) {
		let n = this.constructor.elementProperties.get(e), r = this.constructor._$Eu(e, n);
		if (r !== void 0 && !0 === n.reflect) {
			let i = (n.converter?.toAttribute === void 0 ? m : n.converter).toAttribute(t, n.type);
			this._$Em = e, i == null ? this.removeAttribute(r) : this.setAttribute(r, i), this._$Em = null;
		}
	}
	_$AK(e, t) {
		let n = this.constructor, r = n._$Eh.get(e);
		if (r !== void 0 && this._$Em !== r) {
			let e = n.getPropertyOptions(r), i = typeof e.converter == "function" ? { fromAttribute: e.converter } : e.converter?.fromAttribute === void 0 ? m : e.converter;
			this._$Em = r;
			let a = i.fromAttribute(t, e.type);
			this[r] = a ?? this._$Ej?.get(r) ?? a, this._$Em = null;
		}
	}
	requestUpdate(e, t, n, r = !1, i) {
		if (e !== void 0) {
			let a = this.constructor;
			if (!1 === r && (i = this[e]), n ??= a.getPropertyOptions(e), !((n.hasChanged ?? oe)(i, t) || n.useDefault && n.reflect && i === this._$Ej?.get(e) && !this.hasAttribute(a._$Eu(e, n)))) return;
			this.C(e, t, n);
		}
		!1 === this.isUpdatePending && (this._$ES = this._$EP());
	}
	C(e, t, { useDefault: n, reflect: r, wrapped: i }, a) {
		n && !(this._$Ej ??= /* @__PURE__ */ new Map()).has(e) && (this._$Ej.set(e, a ?? t ?? this[e]), !0 !== i || a !== void 0) || (this._$AL.has(e) || (this.hasUpdated || n || (t = void 0), this._$AL.set(e, t)), !0 === r && this._$Em !== e && (this._$Eq ??= /* @__PURE__ */ new Set()).add(e));
	}
	async _$EP() {
		this.isUpdatePending = !0;
		try {
			await this._$ES;
		} catch (e) {
			Promise.reject(e);
		}
		let e = this.scheduleUpdate();
		return e != null && await e, !this.isUpdatePending;
	}
	scheduleUpdate() {
		return this.performUpdate();
	}
	performUpdate() {
		if (!this.isUpdatePending) return;
		if (!this.hasUpdated) {
			if (this.renderRoot ??= this.createRenderRoot(), this._$Ep) {
				for (let [e, t] of this._$Ep) this[e] = t;
				this._$Ep = void 0;
			}
			let e = this.constructor.elementProperties;
			if (e.size > 0) for (let [t, n] of e) {
				let { wrapped: e } = n, r = this[t];
				!0 !== e || this._$AL.has(t) || r === void 0 || this.C(t, void 0, n, r);
			}
		}
		let e = !1, t = this._$AL;
		try {
			e = this.shouldUpdate(t), e ? (this.willUpdate(t), this._$EO?.forEach((e) => e.hostUpdate?.()), this.update(t)) : this._$EM();
		} catch (t) {
			throw e = !1, this._$EM(), t;
		}
		e && this._$AE(t);
	}
	willUpdate(e) {}
	_$AE(e) {
		this._$EO?.forEach((e) => e.hostUpdated?.()), this.hasUpdated || (this.hasUpdated = !0, this.firstUpdated(e)), this.updated(e);
	}
	_$EM() {
		this._$AL = /* @__PURE__ */ new Map(), this.isUpdatePending = !1;
	}
	get updateComplete() {
		return this.getUpdateComplete();
	}
	getUpdateComplete() {
		return this._$ES;
	}
	shouldUpdate(e) {
		return !0;
	}
	update(e) {
		this._$Eq &&= this._$Eq.forEach((e) => this._$ET(e, this[e])), this._$EM();
	}
	updated(e) {}
	firstUpdated(e) {}
};
h.elementStyles = [], h.shadowRootOptions = { mode: "open" }, h[p("elementProperties")] = /* @__PURE__ */ new Map(), h[p("finalized")] = /* @__PURE__ */ new Map(), ae?.({ ReactiveElement: h }), (f.reactiveElementVersions ??= []).push("2.1.2");
// node_modules/lit-html/lit-html.js
var g = globalThis, ce = (e) => e, _ = g.trustedTypes, le = _ ? _.createPolicy("lit-html", { createHTML: (e) => e }) : void 0, ue = "$lit$", v = `lit$${Math.random().toFixed(9).slice(2)}$`, de = "?" + v, fe = `<${de}>`, y = document, b = () => y.createComment(""), x = (e) => e === null || typeof e != "object" && typeof e != "function", pe = Array.isArray, me = (e) => pe(e) || typeof e?.[Symbol.iterator] == "function", he = "[ 	\n\f\r]", S = /<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g, ge = /-->/g, _e = />/g, C = RegExp(`>|${he}(?:([^\\s"'>=/]+)(${he}*=${he}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`, "g"), ve = /'/g, ye = /"/g, be = /^(?:script|style|textarea|title)$/i, xe = (e) => (t, ...n) => ({
	_$litType$: e,
	strings: t,
	values: n
}), w = xe(1), T = xe(2), E = Symbol.for("lit-noChange"), D = Symbol.for("lit-nothing"), Se = /* @__PURE__ */ new WeakMap(), O = y.createTreeWalker(y, 129);
function Ce(e, t) {
	if (!pe(e) || !e.hasOwnProperty("raw")) throw Error("invalid template strings array");
	return le === void 0 ? t : le.createHTML(t);
}
var we = (e, t) => {
	let n = e.length - 1, r = [], i, a = t === 2 ? "<svg>" : t === 3 ? "<math>" : "", o = S;
	for (let t = 0; t < n; t++) {
		let n = e[t], s, c, l = -1, u = 0;
		for (; u < n.length && (o.lastIndex = u, c = o.exec(n), c !== null);) u = o.lastIndex, o === S ? c[1] === "!--" ? o = ge : c[1] === void 0 ? c[2] === void 0 ? c[3] !== void 0 && (o = C) : (be.test(c[2]) && (i = RegExp("</" + c[2], "g")), o = C) : o = _e : o === C ? c[0] === ">" ? (o = i ?? S, l = -1) : c[1] === void 0 ? l = -2 : (l = o.lastIndex - c[2].length, s = c[1], o = c[3] === void 0 ? C : c[3] === "\"" ? ye : ve) : o === ye || o === ve ? o = C : o === ge || o === _e ? o = S : (o = C, i = void 0);
		let d = o === C && e[t + 1].startsWith("/>") ? " " : "";
		a += o === S ? n + fe : l >= 0 ? (r.push(s), n.slice(0, l) + ue + n.slice(l) + v + d) : n + v + (l === -2 ? t : d);
	}
	return [Ce(e, a + (e[n] || "<?>") + (t === 2 ? "</svg>" : t === 3 ? "</math>" : "")), r];
}, k = class e {
	constructor({ strings: t, _$litType$: n }, r) {
		let i;
		this.parts = [];
		let a = 0, o = 0, s = t.length - 1, c = this.parts, [l, u] = we(t, n);
		if (this.el = e.createElement(l, r), O.currentNode = this.el.content, n === 2 || n === 3) {
			let e = this.el.content.firstChild;
			e.replaceWith(...e.childNodes);
		}
		for (; (i = O.nextNode()) !== null && c.length < s;) {
			if (i.nodeType === 1) {
				if (i.hasAttributes()) for (let e of i.getAttributeNames()) if (e.endsWith(ue)) {
					let t = u[o++], n = i.getAttribute(e).split(v), r = /([.?@])?(.*)/.exec(t);
					c.push({
						type: 1,
						index: a,
						name: r[2],
						strings: n,
						ctor: r[1] === "." ? Ee : r[1] === "?" ? De : r[1] === "@" ? Oe : M
					}), i.removeAttribute(e);
				} else e.startsWith(v) && (c.push({
					type: 6,
					index: a
				}), i.removeAttribute(e));
				if (be.test(i.tagName)) {
					let e = i.textContent.split(v), t = e.length - 1;
					if (t > 0) {
						i.textContent = _ ? _.emptyScript : "";
						for (let n = 0; n < t; n++) i.append(e[n], b()), O.nextNode(), c.push({
							type: 2,
							index: ++a
						});
						i.append(e[t], b());
					}
				}
			} else if (i.nodeType === 8) {
				if (i.data === de) c.push({
					type: 2,
					index: a
				});
				else {
					let e = -1;
					for (; (e = i.data.indexOf(v, e + 1)) !== -1;) c.push({
						type: 7,
						index: a
					}), e += v.length - 1;
				}
			}
			a++;
		}
	}
	static createElement(e, t) {
		let n = y.createElement("template");
		return n.innerHTML = e, n;
	}
};
function A(e, t, n = e, r) {
	if (t === E) return t;
	let i = r === void 0 ? n._$Cl : n._$Co?.[r], a = x(t) ? void 0 : t._$litDirective$;
	return i?.constructor !== a && (i?._$AO?.(!1), a === void 0 ? i = void 0 : (i = new a(e), i._$AT(e, n, r)), r === void 0 ? n._$Cl = i : (n._$Co ??= [])[r] = i), i !== void 0 && (t = A(e, i._$AS(e, t.values), i, r)), t;
}
var Te = class {
	constructor(e, t) {
		this._$AV = [], this._$AN = void 0, this._$AD = e, this._$AM = t;
	}
	get parentNode() {
		return this._$AM.parentNode;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	u(e) {
		let { el: { content: t }, parts: n } = this._$AD, r = (e?.creationScope ?? y).importNode(t, !0);
		O.currentNode = r;
		let i = O.nextNode(), a = 0, o = 0, s = n[0];
		for (; s !== void 0;) {
			if (a === s.index) {
				let t;
				s.type === 2 ? t = new j(i, i.nextSibling, this, e) : s.type === 1 ? t = new s.ctor(i, s.name, s.strings, this, e) : s.type === 6 && (t = new ke(i, this, e)), this._$AV.push(t), s = n[++o];
			}
			a !== s?.index && (i = O.nextNode(), a++);
		}
		return O.currentNode = y, r;
	}
	p(e) {
		let t = 0;
		for (let n of this._$AV) n !== void 0 && (n.strings === void 0 ? n._$AI(e[t]) : (n._$AI(e, n, t), t += n.strings.length - 2)), t++;
	}
}, j = class e {
	get _$AU() {
		return this._$AM?._$AU ?? this._$Cv;
	}
	constructor(e, t, n, r) {
		this.type = 2, this._$AH = D, this._$AN = void 0, this._$AA = e, this._$AB = t, this._$AM = n, this.options = r, this._$Cv = r?.isConnected ?? !0;
	}
	get parentNode() {
		let e = this._$AA.parentNode, t = this._$AM;
		return t !== void 0 && e?.nodeType === 11 && (e = t.parentNode), e;
	}
	get startNode() {
		return this._$AA;
	}
	get endNode() {
		return this._$AB;
	}
	_$AI(e, t = this) {
		e = A(this, e, t), x(e) ? e === D || e == null || e === "" ? (this._$AH !== D && this._$AR(), this._$AH = D) : e !== this._$AH && e !== E && this._(e) : e._$litType$ === void 0 ? e.nodeType === void 0 ? me(e) ? this.k(e) : this._(e) : this.T(e) : this.$(e);
	}
	O(e) {
		return this._$AA.parentNode.insertBefore(e, this._$AB);
	}
	T(e) {
		this._$AH !== e && (this._$AR(), this._$AH = this.O(e));
	}
	_(e) {
		this._$AH !== D && x(this._$AH) ? this._$AA.nextSibling.data = e : this.T(y.createTextNode(e)), this._$AH = e;
	}
	$(e) {
		let { values: t, _$litType$: n } = e, r = typeof n == "number" ? this._$AC(e) : (n.el === void 0 && (n.el = k.createElement(Ce(n.h, n.h[0]), this.options)), n);
		if (this._$AH?._$AD === r) this._$AH.p(t);
		else {
			let e = new Te(r, this), n = e.u(this.options);
			e.p(t), this.T(n), this._$AH = e;
		}
	}
	_$AC(e) {
		let t = Se.get(e.strings);
		return t === void 0 && Se.set(e.strings, t = new k(e)), t;
	}
	k(t) {
		pe(this._$AH) || (this._$AH = [], this._$AR());
		let n = this._$AH, r, i = 0;
		for (let a of t) i === n.length ? n.push(r = new e(this.O(b()), this.O(b()), this, this.options)) : r = n[i], r._$AI(a), i++;
		i < n.length && (this._$AR(r && r._$AB.nextSibling, i), n.length = i);
	}
	_$AR(e = this._$AA.nextSibling, t) {
		for (this._$AP?.(!1, !0, t); e !== this._$AB;) {
			let t = ce(e).nextSibling;
			ce(e).remove(), e = t;
		}
	}
	setConnected(e) {
		this._$AM === void 0 && (this._$Cv = e, this._$AP?.(e));
	}
}, M = class {
	get tagName() {
		return this.element.tagName;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	constructor(e, t, n, r, i) {
		this.type = 1, this._$AH = D, this._$AN = void 0, this.element = e, this.name = t, this._$AM = r, this.options = i, n.length > 2 || n[0] !== "" || n[1] !== "" ? (this._$AH = Array(n.length - 1).fill(/* @__PURE__ */ new String()), this.strings = n) : this._$AH = D;
	}
	_$AI(e, t = this, n, r) {
		let i = this.strings, a = !1;
		if (i === void 0) e = A(this, e, t, 0), a = !x(e) || e !== this._$AH && e !== E, a && (this._$AH = e);
		else {
			let r = e, o, s;
			for (e = i[0], o = 0; o < i.length - 1; o++) s = A(this, r[n + o], t, o), s === E && (s = this._$AH[o]), a ||= !x(s) || s !== this._$AH[o], s === D ? e = D : e !== D && (e += (s ?? "") + i[o + 1]), this._$AH[o] = s;
		}
		a && !r && this.j(e);
	}
	j(e) {
		e === D ? this.element.removeAttribute(this.name) : this.element.setAttribute(this.name, e ?? "");
	}
}, Ee = class extends M {
	constructor() {
		super(...arguments), this.type = 3;
	}
	j(e) {
		this.element[this.name] = e === D ? void 0 : e;
	}
}, De = class extends M {
	constructor() {
		super(...arguments), this.type = 4;
	}
	j(e) {
		this.element.toggleAttribute(this.name, !!e && e !== D);
	}
}, Oe = class extends M {
	constructor(e, t, n, r, i) {
		super(e, t, n, r, i), this.type = 5;
	}
	_$AI(e, t = this) {
		if ((e = A(this, e, t, 0) ?? D) === E) return;
		let n = this._$AH, r = e === D && n !== D || e.capture !== n.capture || e.once !== n.once || e.passive !== n.passive, i = e !== D && (n === D || r);
		r && this.element.removeEventListener(this.name, this, n), i && this.element.addEventListener(this.name, this, e), this._$AH = e;
	}
	handleEvent(e) {
		typeof this._$AH == "function" ? this._$AH.call(this.options?.host ?? this.element, e) : this._$AH.handleEvent(e);
	}
}, ke = class {
	constructor(e, t, n) {
		this.element = e, this.type = 6, this._$AN = void 0, this._$AM = t, this.options = n;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	_$AI(e) {
		A(this, e);
	}
}, Ae = g.litHtmlPolyfillSupport;
Ae?.(k, j), (g.litHtmlVersions ??= []).push("3.3.3");
var je = (e, t, n) => {
	let r = n?.renderBefore ?? t, i = r._$litPart$;
	if (i === void 0) {
		let e = n?.renderBefore ?? null;
		r._$litPart$ = i = new j(t.insertBefore(b(), e), e, void 0, n ?? {});
	}
	return i._$AI(e), i;
}, N = globalThis, P = class extends h {
	constructor() {
		super(...arguments), this.renderOptions = { host: this }, this._$Do = void 0;
	}
	createRenderRoot() {
		let e = super.createRenderRoot();
		return this.renderOptions.renderBefore ??= e.firstChild, e;
	}
	update(e) {
		let t = this.render();
		this.hasUpdated || (this.renderOptions.isConnected = this.isConnected), super.update(e), this._$Do = je(t, this.renderRoot, this.renderOptions);
	}
	connectedCallback() {
		super.connectedCallback(), this._$Do?.setConnected(!0);
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this._$Do?.setConnected(!1);
	}
	render() {
		return E;
	}
};
P._$litElement$ = !0, P.finalized = !0, N.litElementHydrateSupport?.({ LitElement: P });
var Me = N.litElementPolyfillSupport;
Me?.({ LitElement: P }), (N.litElementVersions ??= []).push("4.2.2");
// node_modules/lit-html/directive.js
var Ne = {
	ATTRIBUTE: 1,
	CHILD: 2,
	PROPERTY: 3,
	BOOLEAN_ATTRIBUTE: 4,
	EVENT: 5,
	ELEMENT: 6
}, Pe = (e) => (...t) => ({
	_$litDirective$: e,
	values: t
}), Fe = class {
	constructor(e) {}
	get _$AU() {
		return this._$AM._$AU;
	}
	_$AT(e, t, n) {
		this._$Ct = e, this._$AM = t, this._$Ci = n;
	}
	_$AS(e, t) {
		return this.update(e, t);
	}
	update(e, t) {
		return this.render(...t);
	}
}, Ie = Pe(class extends Fe {
	constructor(e) {
		if (super(e), e.type !== Ne.ATTRIBUTE || e.name !== "class" || e.strings?.length > 2) throw Error("`classMap()` can only be used in the `class` attribute and must be the only part in the attribute.");
	}
	render(e) {
		return " " + Object.keys(e).filter((t) => e[t]).join(" ") + " ";
	}
	update(e, [t]) {
		if (this.st === void 0) {
			this.st = /* @__PURE__ */ new Set(), e.strings !== void 0 && (this.nt = new Set(e.strings.join(" ").split(/\s/).filter((e) => e !== "")));
			for (let e in t) t[e] && !this.nt?.has(e) && this.st.add(e);
			return this.render(t);
		}
		let n = e.element.classList;
		for (let e of this.st) e in t || (n.remove(e), this.st.delete(e));
		for (let e in t) {
			let r = !!t[e];
			r === this.st.has(e) || this.nt?.has(e) || (r ? (n.add(e), this.st.add(e)) : (n.remove(e), this.st.delete(e)));
		}
		return E;
	}
}), Le = "important", Re = " !" + Le, F = Pe(class extends Fe {
	constructor(e) {
		if (super(e), e.type !== Ne.ATTRIBUTE || e.name !== "style" || e.strings?.length > 2) throw Error("The `styleMap` directive must be used in the `style` attribute and must be the only part in the attribute.");
	}
	render(e) {
		return Object.keys(e).reduce((t, n) => {
			let r = e[n];
			return r == null ? t : t + `${n = n.includes("-") ? n : n.replace(/(?:^(webkit|moz|ms|o)|)(?=[A-Z])/g, "-$&").toLowerCase()}:${r};`;
		}, "");
	}
	update(e, [t]) {
		let { style: n } = e.element;
		if (this.ft === void 0) return this.ft = new Set(Object.keys(t)), this.render(t);
		for (let e of this.ft) t[e] ?? (this.ft.delete(e), e.includes("-") ? n.removeProperty(e) : n[e] = null);
		for (let e in t) {
			let r = t[e];
			if (r != null) {
				this.ft.add(e);
				let t = typeof r == "string" && r.endsWith(Re);
				e.includes("-") || t ? n.setProperty(e, t ? r.slice(0, -11) : r, t ? Le : "") : n[e] = r;
			}
		}
		return E;
	}
}), ze = " ";
function I(e) {
	return e != null && Number.isFinite(e);
}
var Be = {
	comma_decimal: "en-US",
	decimal_comma: "de",
	quote_decimal: "de-CH",
	space_comma: "fr"
};
function Ve(e) {
	return e.number_format === "system" ? void 0 : Be[e.number_format] ?? e.language;
}
var He = /* @__PURE__ */ new Map();
function L(e, t, n = 0) {
	if (!I(t)) return "–";
	let { locale: r } = e, i = `${r.number_format} ${r.language} ${n}`, a = He.get(i);
	return a || (a = new Intl.NumberFormat(Ve(r), {
		minimumFractionDigits: n,
		maximumFractionDigits: n,
		useGrouping: r.number_format !== "none"
	}), He.set(i, a)), a.format(Math.abs(t) < .5 * 10 ** -n ? 0 : t);
}
function R(e, t, n, r = 0) {
	return `${L(e, t, r)}${ze}${n}`;
}
function Ue(e, t, n = 0) {
	let r = e.config.unit_system.temperature;
	return R(e, I(t) && r === "°F" ? t * 1.8 + 32 : t, r, n);
}
function We(e, t) {
	return Ge(e, t, "W", 2);
}
function z(e, t) {
	return I(t) && Math.abs(t) >= 1e6 ? R(e, t / 1e6, "MWh", 2) : Ge(e, t, "Wh", 1);
}
function Ge(e, t, n, r) {
	return !I(t) || Math.abs(t) < 1e3 ? R(e, t, n) : R(e, t / 1e3, `k${n}`, r);
}
function Ke(e, t, n) {
	let { locale: r, config: i } = e, a = {
		hour: "numeric",
		minute: "2-digit",
		...r.time_format === "12" ? { hour12: !0 } : r.time_format === "24" ? { hour12: !1 } : {}
	}, o = {
		year: "numeric",
		month: "short",
		day: "numeric"
	}, s = {
		time: a,
		seconds: {
			...a,
			second: "2-digit"
		},
		date: o,
		both: {
			...o,
			...a
		}
	}[n], c = r.time_zone === "server" ? { timeZone: i.time_zone } : {}, l = r.time_format === "system" ? void 0 : r.language;
	return new Intl.DateTimeFormat(l, {
		...s,
		...c
	}).format(/* @__PURE__ */ new Date(t * 1e3));
}
var qe = [
	[
		60,
		1,
		"second"
	],
	[
		3600,
		60,
		"minute"
	],
	[
		172800,
		3600,
		"hour"
	],
	[
		5184e3,
		86400,
		"day"
	],
	[
		63072e3,
		2629746,
		"month"
	],
	[
		Infinity,
		31556952,
		"year"
	]
];
function B(e, t) {
	if (!I(t)) return "–";
	let [, n, r] = qe.find(([e]) => Math.abs(t) < e) ?? qe[0];
	return new Intl.NumberFormat(e.locale.language, {
		style: "unit",
		unit: r,
		unitDisplay: "long",
		maximumFractionDigits: 0
	}).format(t / n);
}
// src/style.ts
var Je = o`
  :host {
    --bms-charge: light-dark(#0072b2, #56b4e9);
    --bms-discharge: light-dark(#a85000, #e69f00);
    --bms-good: light-dark(#00745a, #2fc79b);
    --bms-warn: light-dark(#8f5f00, #f0c24b);
    --bms-bad: light-dark(#b3261e, #ff8a7d);
    --bms-line: var(--divider-color, #8884);
    --bms-text: var(--primary-text-color, #212121);
    --bms-quiet: var(--secondary-text-color, #5e5e5e);
    display: block;
    color: var(--bms-text);
    color-scheme: light;
    container-type: inline-size;
    font-variant-numeric: tabular-nums;
  }
  :host([dark]) {
    color-scheme: dark;
  }
  ha-card {
    display: flex;
    flex-direction: column;
    height: 100%;
    box-sizing: border-box;
    overflow: hidden;
  }
  .body {
    padding: 12px 16px 16px;
    display: flex;
    flex-direction: column;
    gap: 12px;
  }
  h2,
  h3 {
    margin: 0;
    font-weight: 500;
    line-height: 1.3;
  }
  h2 {
    font-size: 1.25rem;
  }
  h3 {
    font-size: 1rem;
  }
  .quiet {
    color: var(--bms-quiet);
  }
  .note {
    padding: 24px 16px;
    text-align: center;
    color: var(--bms-quiet);
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 1px solid var(--bms-line);
    border-radius: 8px;
    padding: 6px 12px;
    min-height: 36px;
    cursor: pointer;
  }
  button[aria-pressed="true"],
  button[aria-selected="true"] {
    border-color: currentColor;
    font-weight: 500;
  }
  :focus-visible {
    outline: 2px solid var(--primary-color, #03a9f4);
    outline-offset: 2px;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`, Ye = {
	"card.none": "Noch ist kein Batteriepack eingerichtet.",
	"card.gone": "Der Pack ist nicht eingerichtet oder gerade nicht geladen.",
	"card.refused": "Home Assistant gibt keine Auskunft: {message}",
	"card.waiting": "Warten auf die ersten Werte",
	"why.cell": "Zelle {number}",
	"why.sensor": "Fühler {number}",
	"why.at": "{where}: {value}",
	"why.from": "{what}, ab {threshold}",
	"pack.charge": "Ladung und Leistung",
	"pack.band": "{low} bis {high} %",
	"pack.band_why": "Der wahre Ladezustand liegt in neunzehn von zwanzig Fällen in diesem Band",
	"pack.bar": "Ladezustand {soc} %, sicher zwischen {low} und {high} %",
	"pack.bar_unknown": "Der Ladezustand ist nicht bekannt",
	"pack.charging": "Lädt",
	"pack.discharging": "Entlädt",
	"pack.resting": "Ruht",
	"pack.until_full": "voll in {time}",
	"pack.until_empty": "leer in {time}",
	"pack.limits": "Grenzen",
	"pack.charge_limit": "Ladegrenze",
	"pack.discharge_limit": "Entladegrenze",
	"pack.of_most": "{value} von {most}",
	"pack.gauge": "{side}: {value} A von höchstens {most} A; es fließen {flowing} A",
	"pack.contactor": "Schütz",
	"pack.charge_switch": "Ladeschalter",
	"pack.discharge_switch": "Entladeschalter",
	"pack.watching": "nur beobachtet",
	"pack.alarms": "Alarme",
	"pack.evidence": "Zeigen, was geschah",
	"pack.reset": "Zurücksetzen",
	"pack.since": "seit {time}",
	"pack.silent": "stumm seit {time}",
	"pack.quality": "Messwerte: {quality}",
	"pack.balancing": "Gleicht aus",
	"pack.not_balancing": "Gleicht nicht aus",
	"pack.left": "noch {time}",
	"cells.measures": "Was von jeder Zelle gezeigt wird",
	"cells.voltage": "Spannung",
	"cells.difference": "Abweichung",
	"cells.temperature": "Temperatur",
	"cells.resistance": "Widerstand",
	"cells.surplus": "ΔQ",
	"cells.heat": "Wärmebild",
	"cells.unknown": "Darüber ist noch nichts bekannt.",
	"cells.cell": "Zelle {number}",
	"cells.sensor": "Fühler {number}",
	"cells.highest": "höchste",
	"cells.lowest": "niedrigste",
	"cells.balancing": "wird ausgeglichen",
	"cells.doubted": "angezweifelt: {why}",
	"view.now": "Jetzt",
	"view.cells": "Zellen",
	"view.history": "Verlauf",
	"view.health": "Gesundheit",
	"view.system": "System",
	"view.maintenance": "Wartung",
	"health.title": "Gesundheit von {name}",
	"health.soh": "Gesundheitszustand",
	"health.capacity": "Kapazität",
	"health.of_rated": "{capacity} ± {deviation} von {rated}",
	"health.of_rated_alone": "{capacity} von {rated}",
	"health.cycles": "Vollzyklen",
	"health.energy_in": "Energie hinein",
	"health.energy_out": "Energie heraus",
	"health.efficiency": "Wirkungsgrad",
	"health.plating": "Kalt zu schnell geladen",
	"health.since_full": "Zuletzt voll",
	"health.full_now": "jetzt",
	"health.resistance": "Widerstand",
	"health.joint": "Verbindung",
	"health.surplus": "ΔQ",
	"health.self_discharge": "Selbstentladung",
	"health.balanced": "Ausgeglichen",
	"health.forecast": "Wann Zellen verschlissen sind",
	"health.no_wear": "Von keiner Zelle ist schon Verschleiß bekannt; das braucht Wochen im Betrieb.",
	"health.worn": "{years} Jahre ({low} bis {high})",
	"health.worn_late": "mehr als {years} Jahre",
	"health.depths": "Zyklen nach Tiefe (%)",
	"health.depth": "{from} bis {to} %: {count} Zyklen",
	"health.findings": "Was gefunden wurde",
	"health.nothing_found": "Es wurde nichts Auffälliges gefunden.",
	"health.sure": "zu {percent} % sicher",
	"health.what_to_do": "Was dagegen zu tun ist",
	"health.worn_from": "{years} Jahre (nicht vor {low})"
}, Xe = {
	"card.none": "No battery pack is set up yet.",
	"card.gone": "The pack is not set up or not loaded now.",
	"card.refused": "Home Assistant does not tell: {message}",
	"card.waiting": "Waiting for the first values",
	"why.cell": "cell {number}",
	"why.sensor": "sensor {number}",
	"why.at": "{where}: {value}",
	"why.from": "{what}, from {threshold} on",
	"pack.charge": "Charge and power",
	"pack.band": "{low} to {high} %",
	"pack.band_why": "The true state of charge lies in this band nineteen times of twenty",
	"pack.bar": "State of charge {soc} %, surely between {low} and {high} %",
	"pack.bar_unknown": "The state of charge is not known",
	"pack.charging": "Charging",
	"pack.discharging": "Discharging",
	"pack.resting": "Resting",
	"pack.until_full": "full in {time}",
	"pack.until_empty": "empty in {time}",
	"pack.limits": "Limits",
	"pack.charge_limit": "Charge limit",
	"pack.discharge_limit": "Discharge limit",
	"pack.of_most": "{value} of {most}",
	"pack.gauge": "{side}: {value} A of at most {most} A; {flowing} A flow",
	"pack.contactor": "Contactor",
	"pack.charge_switch": "Charge switch",
	"pack.discharge_switch": "Discharge switch",
	"pack.watching": "watched only",
	"pack.alarms": "Alarms",
	"pack.evidence": "Show what happened",
	"pack.reset": "Reset",
	"pack.since": "since {time}",
	"pack.silent": "silent for {time}",
	"pack.quality": "readings: {quality}",
	"pack.balancing": "Balancing",
	"pack.not_balancing": "Not balancing",
	"pack.left": "{time} left",
	"cells.measures": "What is shown of each cell",
	"cells.voltage": "Voltage",
	"cells.difference": "Difference",
	"cells.temperature": "Temperature",
	"cells.resistance": "Resistance",
	"cells.surplus": "ΔQ",
	"cells.heat": "Heat map",
	"cells.unknown": "Nothing is known of it yet.",
	"cells.cell": "Cell {number}",
	"cells.sensor": "Sensor {number}",
	"cells.highest": "highest",
	"cells.lowest": "lowest",
	"cells.balancing": "balancing",
	"cells.doubted": "doubted: {why}",
	"view.now": "Now",
	"view.cells": "Cells",
	"view.history": "History",
	"view.health": "Health",
	"view.system": "System",
	"view.maintenance": "Maintenance",
	"health.title": "Health of {name}",
	"health.soh": "State of health",
	"health.capacity": "Capacity",
	"health.of_rated": "{capacity} ± {deviation} of {rated}",
	"health.of_rated_alone": "{capacity} of {rated}",
	"health.cycles": "Full cycles",
	"health.energy_in": "Energy in",
	"health.energy_out": "Energy out",
	"health.efficiency": "Efficiency",
	"health.plating": "Charged too fast when cold",
	"health.since_full": "Last full",
	"health.full_now": "now",
	"health.resistance": "Resistance",
	"health.joint": "Joint",
	"health.surplus": "ΔQ",
	"health.self_discharge": "Self-discharge",
	"health.balanced": "Balanced",
	"health.forecast": "When cells will be worn out",
	"health.no_wear": "No cell is known to wear yet; that takes weeks of use.",
	"health.worn": "{years} years ({low} to {high})",
	"health.worn_late": "more than {years} years",
	"health.depths": "Cycles by depth (%)",
	"health.depth": "{from} to {to} %: {count} cycles",
	"health.findings": "What was found",
	"health.nothing_found": "Nothing is found to be wrong.",
	"health.sure": "{percent} % sure",
	"health.what_to_do": "What to do about it",
	"health.worn_from": "{years} years (not before {low})"
}, Ze = {
	en: Xe,
	de: Ye
};
function V(e, t, n = {}) {
	return (Ze[e.locale.language.split("-")[0] ?? "en"] ?? Xe)[t].replace(/\{(\w+)\}/g, (e, t) => String(n[t] ?? e));
}
var Qe = {
	limit: "entity.sensor.limiting_reason.state.*",
	protection: "entity.event.protection.state_attributes.protection.state.*",
	level: "entity.binary_sensor.tripped.state_attributes.level.state.*",
	flow: "entity.event.protection.state_attributes.flow.state.*",
	mode: "entity.sensor.mode.state.*",
	link: "entity.sensor.link.state.*",
	quality: "entity.sensor.data_quality.state.*",
	doubt: "entity.sensor.cell.state_attributes.doubt.state.*",
	balance: "entity.sensor.balance_reason.state.*",
	stage: "entity.sensor.charge_stage.state.*",
	stage_why: "entity.sensor.charge_stage_reason.state.*",
	contactor: "entity.sensor.contactor.state.*",
	finding: "issues.finding_*.title",
	inverter_link: "entity.sensor.inverter_link.state.*",
	response: "entity.sensor.obedience.state.*",
	step: "entity.sensor.escalation.state.*",
	step_why: "entity.sensor.escalation.state_attributes.reason.state.*"
};
function H(e, t, n, r) {
	return e.localize(`component.home_bms.${Qe[t].replace("*", n)}`, r) || n.replaceAll("_", " ");
}
async function $e(e) {
	await Promise.all(["entity", "issues"].map((t) => e.loadBackendTranslation(t, "home_bms")));
}
// src/cells/cells.ts
var et = 32, tt = {
	ArrowRight: 1,
	ArrowDown: 1,
	ArrowLeft: -1,
	ArrowUp: -1
}, nt = class extends P {
	static {
		this.properties = {
			hass: { attribute: !1 },
			info: { attribute: !1 },
			measures: { attribute: !1 },
			shown: { attribute: !1 },
			key: { state: !0 },
			chosen: { state: !0 },
			heat: { state: !0 }
		};
	}
	constructor() {
		super(), this.chosen = 0;
	}
	get #e() {
		return this.measures.find(({ key: e }) => e === this.key) ?? this.measures[0];
	}
	render() {
		let { hass: e, measures: t } = this, n = this.#e, r = n.values(this.shown), i = this.heat ?? r.length > et;
		return w`
      <div class="choice">
        <div role="tablist" aria-label=${V(e, "cells.measures")} @keydown=${this.#a}>
          ${t.map((t) => w`
              <button
                type="button"
                role="tab"
                id="tab-${t.key}"
                aria-controls="cells"
                aria-selected=${t === n}
                tabindex=${t === n ? 0 : -1}
                @click=${() => this.#t(t)}
              >
                ${V(e, t.name)}
              </button>
            `)}
        </div>
        <button
          type="button"
          class="view"
          aria-pressed=${i}
          aria-label=${V(e, "cells.heat")}
          title=${V(e, "cells.heat")}
          @click=${() => this.heat = !i}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 3h8v8H3z M13 3h8v8h-8z M3 13h8v8H3z M13 13h8v8h-8z" /></svg>
        </button>
      </div>
      <div id="cells" role="tabpanel" aria-labelledby="tab-${n.key}">
        ${r.length ? this.#n(r, i) : w`<p class="quiet">${V(e, "cells.unknown")}</p>`}
        ${r.length ? w`<p class="chosen">${this.#i(r)}</p>` : D}
      </div>
    `;
	}
	#t({ key: e }) {
		this.key = e, this.chosen = 0;
	}
	#n(e, t) {
		let { hass: n, info: r } = this, i = this.#e, [a, o] = i.range(r, e.filter(I)), s = (e) => Math.min(1, Math.max(0, (e - a) / (o - a))), c = e.filter(I), l = e.indexOf(Math.max(...c)), u = e.indexOf(Math.min(...c)), d = c.length > 1 && e[l] !== e[u];
		return w`
      <ol
        class=${t ? "heat" : "bars"}
        role="listbox"
        aria-label=${V(n, i.name)}
        @keydown=${this.#o}
        style=${F({ "--count": String(e.length) })}
      >
        ${t ? D : i.marks(r).map((e) => w`<span class="mark" style=${F({ "--at": String(s(e)) })}></span>`)}
        ${e.map((e, n) => {
			let r = d ? n === l ? "highest" : n === u ? "lowest" : "" : "";
			return this.#r(i, e, n, s, r, t);
		})}
      </ol>
    `;
	}
	#r(e, t, n, r, i, a) {
		let { hass: o, shown: s } = this, c = e.doubt?.(s, n), l = e.bled?.(s, n) ?? !1, u = e.band?.(s, n), d = t === null ? 0 : r(t), ee = [
			`${V(o, e.place, { number: n + 1 })}: ${e.text(o, t)}`,
			i && V(o, `cells.${i}`),
			l && V(o, "cells.balancing"),
			c && V(o, "cells.doubted", { why: H(o, "doubt", c) })
		];
		return w`
      <li
        role="option"
        class=${Ie({
			doubted: !!c,
			missing: t === null,
			bled: l,
			signed: e.signed,
			[i]: !!i
		})}
        aria-label=${ee.filter(Boolean).join(", ")}
        aria-selected=${n === this.chosen}
        tabindex=${n === this.chosen ? 0 : -1}
        style=${F({
			"--at": String(d),
			"--ink": d > .55 ? "var(--on-strong)" : "var(--bms-text)"
		})}
        @click=${() => this.chosen = n}
        @focus=${() => this.chosen = n}
      >
        <span class="shape" aria-hidden="true">
          <span class="fill"></span>
          ${u ? w`<span class="band" style=${F({
			"--low": String(r(u[0])),
			"--high": String(r(u[1]))
		})}></span>` : D}
        </span>
        <span class="sign" aria-hidden="true">${i === "highest" ? "▲" : i === "lowest" ? "▼" : ""}${l ? "●" : ""}</span>
        <span class="number" aria-hidden="true">${n + 1}</span>
        ${a ? w`<span class="value" aria-hidden="true">${e.text(o, t)}</span>` : D}
      </li>
    `;
	}
	#i(e) {
		let { hass: t, shown: n } = this, r = this.#e, i = Math.min(this.chosen, e.length - 1), a = this.measures.filter(({ place: e }) => e === r.place).map((e) => ({
			each: e,
			value: e.values(n)[i] ?? null
		})).filter(({ each: e, value: t }) => e === r || t !== null).map(({ each: e, value: n }) => `${V(t, e.name)} ${e.text(t, n)}`), o = r.doubt?.(n, i);
		return o && a.push(V(t, "cells.doubted", { why: H(t, "doubt", o) })), w`<strong>${V(t, r.place, { number: i + 1 })}</strong> ${a.join(" · ")}`;
	}
	#a = (e) => {
		let t = rt(e, this.measures.indexOf(this.#e), this.measures.length);
		t !== void 0 && (this.#t(this.measures[t] ?? this.measures[0]), this.updateComplete.then(() => this.renderRoot.querySelector("[role=tab][tabindex='0']")?.focus()));
	};
	#o = (e) => {
		let t = rt(e, this.chosen, this.#e.values(this.shown).length);
		t !== void 0 && (this.chosen = t, this.updateComplete.then(() => this.renderRoot.querySelectorAll("[role=option]")[t]?.focus()));
	};
	static {
		this.styles = [Je, o`
      :host {
        --on-strong: light-dark(#fff, #10222e);
        display: grid;
        gap: 12px;
      }
      .choice {
        display: flex;
        gap: 8px;
        justify-content: space-between;
        align-items: start;
      }
      .view svg {
        display: block;
        width: 18px;
        fill: currentColor;
      }
      [role="tablist"] {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }
      .choice button {
        padding: 4px 10px;
      }
      ol {
        list-style: none;
        margin: 0;
        padding: 0;
        position: relative;
      }
      li {
        cursor: pointer;
        position: relative;
        border-radius: 6px;
      }
      .bars {
        display: grid;
        grid-template-columns: repeat(var(--count), minmax(0, 1fr));
        gap: clamp(1px, 0.6cqi, 8px);
        height: 190px;
      }
      .bars li {
        display: grid;
        grid-template-rows: minmax(0, 1fr) 1.1em 1.3em;
        justify-items: center;
        font-size: clamp(0.55rem, 2.4cqi, 0.875rem);
      }
      .bars .shape {
        width: min(100%, 56px);
        position: relative;
        background: color-mix(in srgb, var(--bms-line) 55%, transparent);
        border-radius: 4px;
        overflow: hidden;
      }
      .bars .fill {
        position: absolute;
        inset-inline: 0;
        bottom: 0;
        height: calc(var(--at) * 100%);
        background: var(--bms-charge);
      }
      .bars .signed .fill {
        bottom: calc(min(0.5, var(--at)) * 100%);
        height: calc(max(var(--at) - 0.5, 0.5 - var(--at)) * 100%);
      }
      .band {
        position: absolute;
        inset-inline: 35%;
        bottom: calc(var(--low) * 100%);
        height: calc((var(--high) - var(--low)) * 100%);
        border: 1px solid var(--bms-text);
        background: color-mix(in srgb, var(--bms-text) 30%, transparent);
        box-sizing: border-box;
      }
      .mark {
        position: absolute;
        inset-inline: 0;
        bottom: calc(2.4em + var(--at) * (100% - 2.4em));
        font-size: clamp(0.55rem, 2.4cqi, 0.875rem);
        border-top: 1px dashed var(--bms-bad);
        z-index: 1;
        pointer-events: none;
      }
      .sign {
        line-height: 1.1;
      }
      .bled .sign {
        color: var(--bms-good);
        animation: pulse 2s ease-in-out infinite;
      }
      @keyframes pulse {
        50% {
          opacity: 0.35;
        }
      }
      .highest .fill {
        background: var(--bms-discharge);
      }
      .lowest .fill {
        background: var(--bms-good);
      }
      .number {
        color: var(--bms-quiet);
      }
      [aria-selected="true"] .number {
        color: var(--bms-text);
        font-weight: 700;
        text-decoration: underline;
      }
      .heat {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(72px, 1fr));
        gap: 4px;
      }
      .heat li {
        display: grid;
        grid-template: "number sign" auto "value value" auto / 1fr auto;
        padding: 4px 8px 6px;
        min-height: 44px;
        box-sizing: border-box;
        color: var(--ink);
        border: 2px solid transparent;
        background: color-mix(in oklab, var(--bms-charge) calc(var(--at) * 90% + 8%), var(--card-background-color, #fff));
      }
      .heat li[aria-selected="true"] {
        border-color: var(--bms-text);
      }
      .heat .shape {
        display: none;
      }
      .heat .number {
        grid-area: number;
        color: inherit;
        font-size: 0.75rem;
      }
      .heat .sign {
        grid-area: sign;
        color: inherit;
        font-size: 0.75rem;
      }
      .heat .value {
        grid-area: value;
        white-space: nowrap;
      }
      .missing .shape,
      .heat .missing {
        background: none;
        border: 1px dashed var(--bms-quiet);
        box-sizing: border-box;
      }
      .bars .doubted .shape::after,
      .heat .doubted::after {
        content: "";
        position: absolute;
        inset: 0;
        border-radius: inherit;
        background: repeating-linear-gradient(45deg, transparent 0 4px, color-mix(in srgb, var(--bms-text) 45%, transparent) 4px 6px);
        pointer-events: none;
      }
      .chosen {
        margin: 8px 0 0;
        font-size: 0.875rem;
        min-height: 2.6em;
      }
      p {
        margin: 0;
      }
    `];
	}
};
function rt(e, t, n) {
	let r = tt[e.key], i = r === void 0 ? e.key === "Home" ? 0 : e.key === "End" ? n - 1 : void 0 : (t + r + n) % n;
	return i !== void 0 && e.preventDefault(), i;
}
// src/api.ts
var it = {
	systems: "home_bms/systems",
	pack: "home_bms/pack",
	health: "home_bms/health",
	system: "home_bms/system",
	black_boxes: "home_bms/black_boxes",
	black_box: "home_bms/black_box"
}, at = class {
	#e;
	#t;
	constructor(e, t, n) {
		this.host = e, this.hass = t, this.ask = n, e.addController(this);
	}
	hostConnected() {
		this.#n();
	}
	hostUpdated() {
		this.#n();
	}
	hostDisconnected() {
		this.#r();
	}
	#n() {
		let e = this.hass(), t = e ? this.ask() : null, n = t ? JSON.stringify(t) : void 0;
		if (n === this.#e || (this.#r(), !e || !t)) return;
		this.#e = n;
		let r = !1, i;
		this.#t = () => {
			r = !0, i?.().catch(() => void 0);
		}, e.connection.subscribeMessage((e) => {
			r || (this.value = e, this.host.requestUpdate());
		}, t).then((e) => {
			i = e, r && e().catch(() => void 0);
		}, (e) => {
			r || (this.refusal = ot(e), this.host.requestUpdate());
		});
	}
	#r() {
		this.#t?.(), this.#t = void 0, this.#e = void 0, this.value = void 0, this.refusal = void 0;
	}
};
function ot(e) {
	let { code: t, message: n } = typeof e == "object" && e ? e : {};
	return {
		code: t ?? "unknown",
		message: n ?? String(e)
	};
}
// src/systems.ts
var U = /* @__PURE__ */ new WeakMap();
function st(e) {
	let t = U.get(e.connection);
	return t || (t = e.callWS({ type: "home_bms/systems" }).then((e) => e.systems), U.set(e.connection, t), t.catch(() => U.delete(e.connection))), t;
}
function ct(e) {
	U.delete(e.connection);
}
function lt(e, t) {
	let n = e.flatMap((e) => e.packs);
	return t === void 0 ? n[0] : n.find((e) => e.device_id === t);
}
function ut(e, t) {
	return t === void 0 ? e[0] : e.find((e) => e.device_id === t || [...e.packs, ...e.inverters].some((e) => e.device_id === t));
}
// src/card.ts
var W = class extends P {
	static {
		this.properties = {
			hass: { attribute: !1 },
			config: { state: !0 },
			found: { state: !0 }
		};
	}
	static {
		this.styles = [Je];
	}
	#e = new at(this, () => this.hass, () => {
		let e = this.info;
		return e === void 0 ? null : this.ask(e);
	});
	#t;
	setConfig(e) {
		this.config = e;
	}
	getCardSize() {
		return 6;
	}
	get info() {
		return this.found && this.find(this.found);
	}
	willUpdate(e) {
		e.has("hass") && this.hass && (this.toggleAttribute("dark", this.hass.themes.darkMode), e.get("hass")?.connection !== this.hass.connection && this.#n(this.hass));
	}
	async #n(e) {
		try {
			[this.found] = await Promise.all([st(e), $e(e)]), this.#t = void 0;
		} catch (e) {
			this.#t = ot(e);
		}
		this.requestUpdate();
	}
	render() {
		let { hass: e } = this;
		return e ? w`<ha-card>${this.#r(e)}</ha-card>` : D;
	}
	#r(e) {
		let t = this.#t ?? this.#e.refusal;
		if (t) return G(e, "card.refused", { message: t.message });
		if (!this.found) return G(e, "card.waiting");
		let { info: n } = this;
		if (n === void 0) return G(e, this.config?.device_id ? "card.gone" : "card.none");
		let r = this.#e.value;
		return r === void 0 ? G(e, "card.waiting") : r === null ? G(e, "card.gone") : this.draw(e, n, r);
	}
};
function G(e, t, n) {
	return w`<div class="note" role="status">${V(e, t, n)}</div>`;
}
// src/health/depths.ts
var dt = o`
  .depths ol {
    list-style: none;
    margin: 6px 0 0;
    padding: 0;
    display: grid;
    grid-auto-flow: column;
    grid-auto-columns: minmax(0, 1fr);
    gap: 3px;
    height: 96px;
  }
  .depths li {
    display: grid;
    grid-template-rows: minmax(0, 1fr) auto;
    align-items: end;
    text-align: center;
    font-size: clamp(0.55rem, 2.2cqi, 0.75rem);
    color: var(--bms-quiet);
  }
  .depths .bar {
    height: calc(var(--share) * 100%);
    min-height: 1px;
    background: var(--bms-charge);
    border-radius: 3px 3px 0 0;
  }
`;
function ft(e, { depths: t }) {
	let n = Math.max(1, ...t), r = 100 / Math.max(1, t.length);
	return w`
    <section class="depths" aria-labelledby="depths">
      <h3 id="depths">${V(e, "health.depths")}</h3>
      <ol>
        ${t.map((t, i) => {
		let a = Math.round((i + 1) * r), o = V(e, "health.depth", {
			from: Math.round(i * r),
			to: a,
			count: L(e, t, 1)
		});
		return w`
            <li title=${o}>
              <div class="bar" style="--share: ${t / n}" aria-hidden="true"></div>
              <span aria-hidden="true">${a}</span><span class="hidden">${o}</span>
            </li>
          `;
	})}
      </ol>
    </section>
  `;
}
// src/health/forecast.ts
var pt = 5, K = 30, mt = o`
  .forecast {
    display: grid;
    align-content: start;
    gap: 6px;
  }
  .forecast ol {
    list-style: none;
    margin: 0;
    padding: 0;
    display: grid;
    gap: 6px;
  }
  .forecast li {
    display: grid;
    grid-template-columns: 5em minmax(60px, 1fr) minmax(9em, auto);
    gap: 8px;
    align-items: center;
    font-size: 0.875rem;
  }
  .forecast svg {
    width: 100%;
    height: 14px;
    display: block;
  }
  .forecast .ground {
    fill: var(--bms-line);
  }
  .forecast .probable {
    fill: var(--bms-warn);
    opacity: 0.55;
  }
  .forecast .middle {
    stroke: var(--bms-text);
    stroke-width: 2;
    vector-effect: non-scaling-stroke;
  }
  .forecast .until {
    text-align: end;
  }
`;
function ht(e, { cells: t }) {
	let n = t.flatMap(({ worn_in: e, worn_soonest: t, worn_latest: n }, r) => I(e) ? [{
		cell: r + 1,
		years: e,
		soonest: t ?? e,
		latest: n ?? Infinity
	}] : []).sort((e, t) => e.years - t.years).slice(0, pt), r = Math.min(K, Math.max(10, ...n.map(({ years: e }) => 1.2 * e)));
	return w`
    <section class="forecast" aria-labelledby="forecast">
      <h3 id="forecast">${V(e, "health.forecast")}</h3>
      ${n.length ? w`<ol>${n.map((t) => gt(e, t, r))}</ol>` : w`<p class="quiet">${V(e, "health.no_wear")}</p>`}
    </section>
  `;
}
function gt(e, { cell: t, years: n, soonest: r, latest: i }, a) {
	let o = (e) => Math.min(100, 100 * e / a);
	return w`
    <li>
      <span>${V(e, "cells.cell", { number: t })}</span>
      <svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
        <rect class="ground" y="5" width="100" height="4" />
        <rect class="probable" y="2" x=${o(r)} width=${o(i) - o(r)} height="10" />
        ${n < a ? T`<line class="middle" x1=${o(n)} x2=${o(n)} y1="0" y2="14" />` : D}
      </svg>
      <span class="until">
        ${n < K ? V(e, Number.isFinite(i) ? "health.worn" : "health.worn_from", {
		years: L(e, n, 1),
		low: L(e, r, 1),
		high: L(e, i, 1)
	}) : V(e, "health.worn_late", { years: K })}
      </span>
    </li>
  `;
}
// src/cells/measure.ts
var q = () => [], J = (e) => (t, n) => [0, 1.1 * Math.max(e, ...n)], _t = 1.96, Y = (e) => ({ cells: t }) => t.map(e), X = {
	place: "cells.cell",
	marks: q,
	signed: !1
}, vt = [
	{
		...X,
		key: "capacity",
		name: "health.capacity",
		values: Y((e) => e.capacity),
		text: (e, t) => R(e, t, "Ah", 1),
		range: (e, t) => [0, Math.max(e.capacity, ...t) * 1.05],
		band: ({ cells: e }, t) => {
			let { capacity: n, capacity_deviation: r } = e[t] ?? {};
			return I(n) && I(r) ? [n - _t * r, n + _t * r] : void 0;
		}
	},
	{
		...X,
		key: "resistance",
		name: "health.resistance",
		values: Y((e) => e.resistance),
		text: (e, t) => R(e, t, "mΩ", 2),
		range: J(.1)
	},
	{
		...X,
		key: "joint",
		name: "health.joint",
		values: Y((e) => e.joint),
		text: (e, t) => R(e, t, "mΩ", 3),
		range: J(.1)
	},
	{
		...X,
		key: "surplus",
		name: "health.surplus",
		values: Y((e) => e.surplus),
		text: (e, t) => R(e, t, "Ah", 2),
		range: J(.1)
	},
	{
		...X,
		key: "self_discharge",
		name: "health.self_discharge",
		values: Y((e) => e.self_discharge),
		text: (e, t) => R(e, t, "mA", 2),
		range: (e, t) => {
			let n = 1.1 * Math.max(1, ...t.map(Math.abs));
			return [-n, n];
		},
		signed: !0
	},
	{
		...X,
		key: "balanced",
		name: "health.balanced",
		values: Y((e) => e.balanced),
		text: (e, t) => R(e, t, "Ah", 2),
		range: J(.1)
	}
], yt = [
	{
		name: "health.soh",
		text: (e, { soh: t }) => R(e, t, "%", 1)
	},
	{
		name: "health.capacity",
		text: (e, { capacity: t, capacity_deviation: n, rated: r }) => V(e, I(n) ? "health.of_rated" : "health.of_rated_alone", {
			capacity: L(e, t, 1),
			deviation: L(e, n === null ? null : 1.96 * n, 1),
			rated: R(e, r, "Ah")
		})
	},
	{
		name: "health.cycles",
		text: (e, { cycles: t }) => L(e, t, 1)
	},
	{
		name: "health.energy_in",
		text: (e, { energy_in: t }) => z(e, t)
	},
	{
		name: "health.energy_out",
		text: (e, { energy_out: t }) => z(e, t)
	},
	{
		name: "health.efficiency",
		text: (e, { efficiency: t }) => R(e, t, "%", 1)
	},
	{
		name: "health.plating",
		text: (e, { plating: t }) => R(e, t, "Ah", 1)
	},
	{
		name: "health.since_full",
		text: (e, { since_full: t }) => t === 0 ? V(e, "health.full_now") : B(e, t)
	}
], bt = class extends W {
	find(e) {
		return lt(e, this.config?.device_id);
	}
	ask(e) {
		return {
			type: it.health,
			device_id: e.device_id
		};
	}
	draw(e, t, n) {
		return w`
      <div class="body">
        <h2>${this.config?.title ?? V(e, "health.title", { name: t.name })}</h2>
        ${xt(e, t, n)}
        <dl>
          ${yt.map(({ name: t, text: r }) => w`<div><dt class="quiet">${V(e, t)}</dt><dd>${r(e, n)}</dd></div>`)}
        </dl>
        <home-bms-cells .hass=${e} .info=${t} .measures=${vt} .shown=${n} ?dark=${e.themes.darkMode}></home-bms-cells>
        <div class="pair">${ht(e, n)} ${ft(e, n)}</div>
      </div>
    `;
	}
	getCardSize() {
		return 9;
	}
	static {
		this.styles = [
			...W.styles,
			mt,
			dt,
			o`
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(130px, 1fr));
        gap: 12px;
        margin: 0;
      }
      dt {
        font-size: 0.875rem;
      }
      dd {
        margin: 0;
        font-size: 1.125rem;
      }
      p {
        margin: 0;
      }
      .pair {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
        gap: 16px 32px;
      }
      .findings {
        list-style: none;
        margin: 0;
        padding: 0;
        display: grid;
        gap: 8px;
      }
      .findings li {
        display: flex;
        gap: 8px;
        align-items: flex-start;
      }
      .findings ha-icon {
        flex: none;
        color: var(--bms-warn);
        --mdc-icon-size: 20px;
      }
      .small {
        font-size: 0.875rem;
      }
    `
		];
	}
};
function xt(e, t, { findings: n }) {
	return n.length ? w`
    <ul class="findings" aria-label=${V(e, "health.findings")}>
      ${n.map(({ kind: n, cell: r, since: i, confidence: a }) => w`
          <li>
            <ha-icon icon="mdi:stethoscope" aria-hidden="true"></ha-icon>
            <div>
              <div>${H(e, "finding", n, {
		name: t.name,
		...r === null ? {} : { cell: r }
	})}</div>
              <div class="quiet small">
                ${V(e, "health.sure", { percent: L(e, 100 * a) })}${i === null ? D : ` · ${V(e, "pack.since", { time: Ke(e, i, "date") })}`}
              </div>
            </div>
          </li>
        `)}
    </ul>
    <a class="small" href="/config/repairs">${V(e, "health.what_to_do")}</a>
  ` : w`<div class="quiet" role="status">${V(e, "health.nothing_found")}</div>`;
}
// src/why.ts
function St(e, t, n) {
	let r = Ct(e, n);
	return r ? `${H(e, t, n.rule)} (${r})` : H(e, t, n.rule);
}
function Ct(e, t) {
	let n = t.cell === null ? t.sensor === null ? "" : V(e, "why.sensor", { number: t.sensor }) : V(e, "why.cell", { number: t.cell });
	if (!I(t.value)) return n;
	let r = wt(e, t.value, t.unit), i = n ? V(e, "why.at", {
		where: n,
		value: r
	}) : r;
	return I(t.threshold) ? V(e, "why.from", {
		what: i,
		threshold: wt(e, t.threshold, t.unit)
	}) : i;
}
function wt(e, t, n) {
	return n === "°C" ? Ue(e, t, 1) : n === null ? R(e, t, "", 1).trim() : R(e, t, n, n === "V" ? Math.abs(t) < 10 ? 3 : 1 : +(Math.abs(t) < 100));
}
// src/pack/alarms.ts
var Tt = o`
  .alarms {
    display: grid;
    gap: 8px;
  }
  .alarms ul {
    list-style: none;
    margin: 0;
    padding: 0;
    display: grid;
    gap: 6px;
  }
  .alarms ul ul {
    padding-inline-start: 28px;
    margin-top: 4px;
  }
  .alarm {
    display: flex;
    gap: 8px;
    align-items: flex-start;
  }
  .alarm ha-icon {
    flex: none;
    --mdc-icon-size: 20px;
  }
  .alarm.trip ha-icon,
  .alarm.protect ha-icon {
    color: var(--bms-bad);
  }
  .alarm.warn ha-icon,
  .alarm.derate ha-icon {
    color: var(--bms-warn);
  }
  .alarm .facts {
    font-size: 0.875rem;
  }
  .actions {
    display: flex;
    gap: 8px;
    flex-wrap: wrap;
  }
`, Et = {
	warn: "mdi:alert-outline",
	derate: "mdi:arrow-down-bold-circle-outline",
	protect: "mdi:hand-back-right",
	trip: "mdi:alert-octagon"
};
function Dt(e, t, n) {
	if (!t.alarms.length) return D;
	let r = new Set(t.alarms.map((e) => e.key)), i = t.alarms.filter(({ cause: e }) => e === null || !r.has(e));
	return w`
    <section class="alarms" role="alert" aria-label=${V(e, "pack.alarms")}>
      <ul>
        ${i.map((n) => Ot(e, n, t.alarms, /* @__PURE__ */ new Set()))}
      </ul>
      <div class="actions">
        <button type="button" @click=${n.evidence}>${V(e, "pack.evidence")}</button>
        ${t.tripped && n.reset ? w`<button type="button" @click=${n.reset}>${V(e, "pack.reset")}</button>` : D}
      </div>
    </section>
  `;
}
function Ot(e, t, n, r) {
	let i = /* @__PURE__ */ new Set([...r, t.key]), a = n.filter(({ cause: e, key: n }) => e === t.key && !i.has(n)), o = Ct(e, t.why);
	return w`
    <li>
      <div class="alarm ${t.level}">
        <ha-icon icon=${Et[t.level] ?? "mdi:alert-outline"} aria-hidden="true"></ha-icon>
        <div>
          <div>${H(e, "protection", t.key)} · ${H(e, "level", t.level)}</div>
          <div class="facts quiet">
            ${o}${o && t.why.since !== null ? " · " : ""}${t.why.since === null ? D : V(e, "pack.since", { time: Ke(e, t.why.since, "seconds") })}
          </div>
        </div>
      </div>
      ${a.length ? w`<ul>${a.map((t) => Ot(e, t, n, i))}</ul>` : D}
    </li>
  `;
}
// src/pack/charge.ts
var kt = .5, At = o`
  .charge {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
    gap: 4px 16px;
    align-items: end;
  }
  .soc {
    font-size: 2.25rem;
    line-height: 1.1;
    font-weight: 500;
    white-space: nowrap;
  }
  .soc small {
    font-size: 0.875rem;
    font-weight: 400;
    margin-inline-start: 6px;
  }
  .flow {
    text-align: end;
  }
  .flow .watts {
    font-size: 1.5rem;
    white-space: nowrap;
  }
  .flow svg {
    width: 1.1em;
    height: 1.1em;
    vertical-align: -0.15em;
    fill: currentColor;
  }
  .charging .watts {
    color: var(--bms-charge);
  }
  .discharging .watts {
    color: var(--bms-discharge);
  }
  .charge .bar {
    grid-column: 1 / -1;
    height: 20px;
    width: 100%;
    display: block;
  }
  .bar .ground {
    fill: var(--bms-line);
  }
  .bar .full {
    fill: var(--bms-good);
  }
  .bar .doubt {
    fill: var(--bms-text);
    opacity: 0.28;
  }
  .bar .now {
    stroke: var(--bms-text);
    stroke-width: 2;
    vector-effect: non-scaling-stroke;
  }
  .charge .quiet {
    font-size: 0.875rem;
  }
`;
function jt(e, t, n) {
	let { soc: r, soc_low: i, soc_high: a, current: o } = n, s = !I(o) || Math.abs(o) < kt ? "resting" : o > 0 ? "charging" : "discharging", c = I(i) && I(a) ? V(e, "pack.band", {
		low: L(e, i),
		high: L(e, a)
	}) : "";
	return w`
    <section class="charge" aria-label=${V(e, "pack.charge")}>
      <div class="soc">
        ${R(e, r, "%")}${c ? w`<small class="quiet" title=${V(e, "pack.band_why")}>${c}</small>` : D}
      </div>
      <div class="flow ${s}">
        <div class="watts">${Ft(s)} ${We(e, I(n.power) ? Math.abs(n.power) : n.power)}</div>
      </div>
      ${Mt(e, n)}
      <div class="quiet">${Nt(e, t, n)}</div>
      <div class="flow quiet">
        ${V(e, `pack.${s}`)} · ${R(e, n.voltage, "V", 1)} · ${R(e, o, "A", 1)}
      </div>
    </section>
  `;
}
function Mt(e, { soc: t, soc_low: n, soc_high: r }) {
	return w`
    <svg class="bar" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label=${I(t) ? V(e, "pack.bar", {
		soc: L(e, t),
		low: L(e, n ?? t),
		high: L(e, r ?? t)
	}) : V(e, "pack.bar_unknown")}>
      <rect class="ground" width="100" height="20" rx="1" />
      ${I(t) ? T`<rect class="full" width=${Z(t)} height="20" rx="1" />` : D}
      ${I(n) && I(r) ? T`<rect class="doubt" x=${Z(n)} width=${Z(r) - Z(n)} height="20" />` : D}
      ${I(t) ? T`<line class="now" x1=${Z(t)} x2=${Z(t)} y1="0" y2="20" />` : D}
    </svg>
  `;
}
function Nt(e, t, n) {
	let r = [z(e, n.stored_energy)], [i, a] = I(n.current) && n.current > kt ? ["time_to_full", "pack.until_full"] : ["time_to_empty", "pack.until_empty"], o = e.states[t.entities[i] ?? ""], s = Number(o?.state) * (Pt[String(o?.attributes.unit_of_measurement)] ?? NaN);
	return s > 0 && r.push(V(e, a, { time: B(e, s) })), r.join(" · ");
}
var Pt = {
	s: 1,
	min: 60,
	h: 3600,
	d: 86400
}, Z = (e) => Math.min(100, Math.max(0, e));
function Ft(e) {
	return w`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${{
		charging: "M11 3h2v9h4l-5 6-5-6h4z M4 20h16v2H4z",
		discharging: "M12 2l5 6h-4v9h-2V8H7z M4 20h16v2H4z",
		resting: "M5 8h14v2H5z M5 14h14v2H5z"
	}[e]} /></svg>`;
}
// src/pack/limits.ts
var It = o`
  .limits {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 240px), 1fr));
    gap: 12px 24px;
  }
  .limit {
    display: grid;
    gap: 4px;
    align-content: start;
  }
  .limit .line {
    display: flex;
    justify-content: space-between;
    gap: 8px;
    flex-wrap: wrap;
  }
  .limit svg {
    width: 100%;
    height: 14px;
    display: block;
    overflow: visible;
  }
  .gauge .ground {
    fill: var(--bms-line);
  }
  .charge-side .permitted {
    fill: var(--bms-charge);
  }
  .discharge-side .permitted {
    fill: var(--bms-discharge);
  }
  .gauge .needle {
    stroke: var(--bms-text);
    stroke-width: 3;
    vector-effect: non-scaling-stroke;
  }
  .limit .why,
  .limit .switch {
    font-size: 0.875rem;
    overflow-wrap: anywhere;
  }
  .limit .switch ha-icon {
    --mdc-icon-size: 18px;
    vertical-align: -3px;
  }
`, Lt = ["charge", "discharge"], Rt = {
	open: "mdi:electric-switch",
	opening: "mdi:electric-switch",
	closed: "mdi:electric-switch-closed",
	closing: "mdi:electric-switch-closed",
	precharge: "mdi:resistor",
	failed: "mdi:alert-octagon",
	unknown: "mdi:help-circle-outline"
};
function zt(e, t) {
	return w`<section class="limits" aria-label=${V(e, "pack.limits")}>
    ${Lt.map((n) => Bt(e, t, n))}
  </section>`;
}
function Bt(e, t, n) {
	let r = t[`${n}_limit`], i = t[`${n}_switch`], a = I(t.current) ? Math.max(0, n === "charge" ? t.current : -t.current) : null, o = R(e, r.value, "A", +(r.value > 0 && r.value < 10)), s = t.one_contactor ? V(e, "pack.contactor") : V(e, `pack.${n}_switch`);
	return w`
    <div class="limit ${n}-side">
      <div class="line">
        <h3>${V(e, `pack.${n}_limit`)}</h3>
        <span>${V(e, "pack.of_most", {
		value: o,
		most: L(e, r.most)
	})}</span>
      </div>
      ${Vt(e, r, a, n)}
      <div class="why quiet">${St(e, "limit", r.why)}</div>
      <div class="switch">
        <ha-icon icon=${Rt[i] ?? "mdi:help-circle-outline"} aria-hidden="true"></ha-icon>
        ${s}: ${H(e, "contactor", i)}${t.acting ? D : w` <span class="quiet">(${V(e, "pack.watching")})</span>`}
      </div>
    </div>
  `;
}
function Vt(e, { value: t, most: n }, r, i) {
	let a = (e) => n > 0 ? Math.min(100, 100 * e / n) : 0;
	return w`
    <svg class="gauge" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label=${V(e, "pack.gauge", {
		side: V(e, `pack.${i}_limit`),
		value: L(e, t),
		most: L(e, n),
		flowing: L(e, r, 1)
	})}>
      <rect class="ground" y="4" width="100" height="6" />
      <rect class="permitted" y="2" width=${a(t)} height="10" />
      ${r ? T`<line class="needle" x1=${a(r)} x2=${a(r)} y1="0" y2="14" />` : D}
    </svg>
  `;
}
// src/pack/measures.ts
var Q = {
	place: "cells.cell",
	bled: ({ bleeding: e }, t) => e?.[t] ?? !1
}, Ht = (e) => ({ doubts: t }, n) => t[`${e}_${n + 1}`], Ut = .01, Wt = [
	{
		key: "voltage",
		name: "cells.voltage",
		...Q,
		doubt: Ht("cell"),
		values: (e) => e.voltages,
		text: (e, t) => R(e, t, "V", 3),
		range: ({ cell_voltage: e }) => [e.low, e.high],
		marks: ({ cell_voltage: { low_protect: e, high_protect: t } }) => [e, t].filter(I),
		signed: !1
	},
	{
		key: "difference",
		name: "cells.difference",
		...Q,
		doubt: Ht("cell"),
		values: ({ voltages: e }) => {
			let t = e.filter(I), n = t.reduce((e, t) => e + t, 0) / t.length;
			return e.map((e) => e === null ? null : e - n);
		},
		text: (e, t) => R(e, t === null ? null : t * 1e3, "mV", 1),
		range: (e, t) => {
			let n = Math.max(Ut, ...t.map(Math.abs));
			return [-n, n];
		},
		marks: q,
		signed: !0
	},
	{
		key: "temperature",
		name: "cells.temperature",
		place: "cells.sensor",
		doubt: Ht("temperature"),
		values: (e) => e.temperatures,
		text: (e, t) => Ue(e, t, 1),
		range: ({ temperature: e }) => [e.low, e.high],
		marks: ({ temperature: { low_protect: e, high_protect: t } }) => [e, t].filter(I),
		signed: !1
	},
	{
		key: "resistance",
		name: "cells.resistance",
		...Q,
		values: (e) => e.resistances,
		text: (e, t) => R(e, t, "mΩ", 2),
		range: J(.1),
		marks: q,
		signed: !1
	},
	{
		key: "surplus",
		name: "cells.surplus",
		...Q,
		values: (e) => e.surpluses,
		text: (e, t) => R(e, t, "Ah", 2),
		range: J(.1),
		marks: q,
		signed: !1
	}
], Gt = {
	starting: "mdi:timer-sand",
	lost: "mdi:lan-disconnect",
	tripped: "mdi:alert-octagon",
	protected: "mdi:shield-alert",
	full: "mdi:battery",
	empty: "mdi:battery-outline",
	charging: "mdi:battery-arrow-up",
	discharging: "mdi:battery-arrow-down",
	idle: "mdi:battery-medium"
}, Kt = class extends W {
	find(e) {
		return lt(e, this.config?.device_id);
	}
	ask(e) {
		return {
			type: it.pack,
			device_id: e.device_id
		};
	}
	draw(e, t, n) {
		let r = t.entities.reset_trips, i = r === void 0 ? void 0 : () => void e.callService("button", "press", {}, { entity_id: r });
		return w`
      <div class="body">
        <header>
          <h2>${this.config?.title ?? t.name}</h2>
          <span class="mode">
            <ha-icon icon=${Gt[n.mode] ?? "mdi:battery"} aria-hidden="true"></ha-icon>
            ${H(e, "mode", n.mode)}
          </span>
        </header>
        ${qt(e, n)} ${jt(e, t, n)}
        ${Dt(e, n, {
			reset: i,
			evidence: () => Yt(this, t.device_id)
		})} ${zt(e, n)}
        ${this.config?.cells === !1 ? D : w`<home-bms-cells .hass=${e} .info=${t} .measures=${Wt} .shown=${n} ?dark=${e.themes.darkMode}></home-bms-cells>`}
        <div class="quiet small">${Jt(e, n)}</div>
      </div>
    `;
	}
	getCardSize() {
		return this.config?.cells === !1 ? 6 : 10;
	}
	static getStubConfig() {
		return {};
	}
	static {
		this.styles = [
			...W.styles,
			At,
			Tt,
			It,
			o`
      header {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 8px;
        flex-wrap: wrap;
      }
      .mode {
        display: inline-flex;
        gap: 6px;
        align-items: center;
      }
      .small {
        font-size: 0.875rem;
      }
    `
		];
	}
};
function qt(e, t) {
	let n = [
		t.link === "connected" ? "" : H(e, "link", t.link),
		t.link === "connected" || t.age === null ? "" : V(e, "pack.silent", { time: B(e, t.age) }),
		t.quality === "good" ? "" : V(e, "pack.quality", { quality: H(e, "quality", t.quality) })
	].filter(Boolean);
	return n.length ? w`<div class="small" role="status">${n.join(" · ")}</div>` : D;
}
function Jt(e, t) {
	let n = V(e, t.balancing ? "pack.balancing" : "pack.not_balancing"), r = t.balance_remaining === null ? "" : ` · ${V(e, "pack.left", { time: B(e, t.balance_remaining) })}`;
	return `${n}: ${St(e, "balance", t.balance)}${r}`;
}
function Yt(e, t) {
	e.dispatchEvent(new CustomEvent("home-bms-evidence", {
		detail: { deviceId: t },
		bubbles: !0,
		composed: !0
	}));
}
// src/strategy.ts
var Xt = (e, t, n = {}) => ({
	type: `custom:home-bms-${e}-card`,
	device_id: t.device_id,
	...n
}), $ = (e, t, n = {}) => ({ packs: r }) => r.map((r) => [Xt(e, r, n), t]), Zt = [
	"finding",
	"tripped",
	"since_full",
	"data_quality",
	"link_quality",
	"full_cycles",
	"worn_out",
	"reset_trips"
];
function Qt(e, t) {
	let n = t.map((t) => e.entities[t]).filter((e) => e !== void 0);
	return {
		type: "entities",
		title: e.name,
		entities: n
	};
}
var $t = [
	{
		key: "now",
		icon: "mdi:battery-charging",
		cards: (e) => [[Xt("system", e), 1], ...$("pack", 1, { cells: !1 })(e)]
	},
	{
		key: "cells",
		icon: "mdi:view-grid",
		cards: $("pack", 1)
	},
	{
		key: "history",
		icon: "mdi:chart-line",
		cards: $("timeline", 4)
	},
	{
		key: "health",
		icon: "mdi:heart-pulse",
		cards: $("health", 2)
	},
	{
		key: "system",
		icon: "mdi:sitemap",
		cards: (e) => [[Xt("system", e), 4]]
	},
	{
		key: "maintenance",
		icon: "mdi:wrench",
		cards: (e) => [[Qt(e, [
			"allow_control",
			"lease",
			"lease_until",
			"reserve"
		]), 1], ...e.packs.map((e) => [Qt(e, Zt), 1])]
	}
], en = class extends HTMLElement {
	static async generate(e, t) {
		ct(t);
		let n = await st(t), r = e.device_id === void 0 ? n : [ut(n, e.device_id)].filter((e) => e !== void 0);
		return r.some(({ packs: e }) => e.length) ? {
			title: r.map(({ name: e }) => e).join(", "),
			views: $t.map((e) => tn(t, e, r))
		} : { views: [{
			title: V(t, "view.now"),
			cards: [{ type: "custom:home-bms-pack-card" }]
		}] };
	}
};
function tn(e, t, n) {
	return {
		title: V(e, `view.${t.key}`),
		path: t.key,
		icon: t.icon,
		type: "sections",
		max_columns: 4,
		sections: n.flatMap(t.cards).map(([e, t]) => ({
			type: "grid",
			column_span: t,
			cards: [{
				...e,
				grid_options: { columns: "full" }
			}]
		}))
	};
}
// src/define.ts
var nn = {
	"home-bms-cells": nt,
	"home-bms-health-card": bt,
	"home-bms-pack-card": Kt,
	"ll-strategy-dashboard-home-bms": en
}, rn = [{
	type: "home-bms-pack-card",
	name: "Home BMS: pack",
	description: "Charge, alarms, limits with their reasons, and every cell of one battery pack",
	preview: !0
}, {
	type: "home-bms-health-card",
	name: "Home BMS: health",
	description: "Capacity, resistance of each cell and joint, cycles, energy, and which cell will be worn out first",
	preview: !0
}];
function an() {
	customElements.whenDefined("home-assistant").then(() => {
		for (let [e, t] of Object.entries(nn)) customElements.get(e) || customElements.define(e, t);
	}), (window.customCards ??= []).push(...rn);
}
// src/home-bms.ts
an();
