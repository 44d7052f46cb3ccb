/*!
lit

BSD 3-Clause License

Copyright (c) 2017 Google LLC. All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its
   contributors may be used to endorse or promote products derived from
   this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"
AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.

uplot

The MIT License (MIT)

Copyright (c) 2022 Leon Sorokin

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in
all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN
THE SOFTWARE.
*/
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
})(e) : e, { is: l, defineProperty: u, getOwnPropertyDescriptor: d, getOwnPropertyNames: f, getOwnPropertySymbols: p, getPrototypeOf: m } = Object, h = globalThis, g = h.trustedTypes, _ = g ? g.emptyScript : "", v = h.reactiveElementPolyfillSupport, y = (e, t) => e, b = {
	toAttribute(e, t) {
		switch (t) {
			case Boolean:
				e = e ? _ : null;
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
}, x = (e, t) => !l(e, t), S = {
	attribute: !0,
	type: String,
	converter: b,
	reflect: !1,
	useDefault: !1,
	hasChanged: x
};
Symbol.metadata ??= Symbol("metadata"), h.litPropertyMetadata ??= /* @__PURE__ */ new WeakMap();
var C = class extends HTMLElement {
	static addInitializer(e) {
		this._$Ei(), (this.l ??= []).push(e);
	}
	static get observedAttributes() {
		return this.finalize(), this._$Eh && [...this._$Eh.keys()];
	}
	static createProperty(e, t = S) {
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
		return this.elementProperties.get(e) ?? S;
	}
	static _$Ei() {
		if (this.hasOwnProperty(y("elementProperties"))) return;
		let e = m(this);
		e.finalize(), e.l !== void 0 && (this.l = [...e.l]), this.elementProperties = new Map(e.elementProperties);
	}
	static finalize() {
		if (this.hasOwnProperty(y("finalized"))) return;
		if (this.finalized = !0, this._$Ei(), this.hasOwnProperty(y("properties"))) {
			let e = this.properties, t = [...f(e), ...p(e)];
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
			let i = (n.converter?.toAttribute === void 0 ? b : n.converter).toAttribute(t, n.type);
			this._$Em = e, i == null ? this.removeAttribute(r) : this.setAttribute(r, i), this._$Em = null;
		}
	}
	_$AK(e, t) {
		let n = this.constructor, r = n._$Eh.get(e);
		if (r !== void 0 && this._$Em !== r) {
			let e = n.getPropertyOptions(r), i = typeof e.converter == "function" ? { fromAttribute: e.converter } : e.converter?.fromAttribute === void 0 ? b : e.converter;
			this._$Em = r;
			let a = i.fromAttribute(t, e.type);
			this[r] = a ?? this._$Ej?.get(r) ?? a, this._$Em = null;
		}
	}
	requestUpdate(e, t, n, r = !1, i) {
		if (e !== void 0) {
			let a = this.constructor;
			if (!1 === r && (i = this[e]), n ??= a.getPropertyOptions(e), !((n.hasChanged ?? x)(i, t) || n.useDefault && n.reflect && i === this._$Ej?.get(e) && !this.hasAttribute(a._$Eu(e, n)))) return;
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
C.elementStyles = [], C.shadowRootOptions = { mode: "open" }, C[y("elementProperties")] = /* @__PURE__ */ new Map(), C[y("finalized")] = /* @__PURE__ */ new Map(), v?.({ ReactiveElement: C }), (h.reactiveElementVersions ??= []).push("2.1.2");
// node_modules/lit-html/lit-html.js
var w = globalThis, ee = (e) => e, T = w.trustedTypes, E = T ? T.createPolicy("lit-html", { createHTML: (e) => e }) : void 0, D = "$lit$", O = `lit$${Math.random().toFixed(9).slice(2)}$`, te = "?" + O, k = `<${te}>`, A = document, ne = () => A.createComment(""), re = (e) => e === null || typeof e != "object" && typeof e != "function", ie = Array.isArray, ae = (e) => ie(e) || typeof e?.[Symbol.iterator] == "function", oe = "[ 	\n\f\r]", j = /<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g, M = /-->/g, se = />/g, N = RegExp(`>|${oe}(?:([^\\s"'>=/]+)(${oe}*=${oe}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`, "g"), P = /'/g, F = /"/g, ce = /^(?:script|style|textarea|title)$/i, le = (e) => (t, ...n) => ({
	_$litType$: e,
	strings: t,
	values: n
}), I = le(1), ue = le(2), de = Symbol.for("lit-noChange"), L = Symbol.for("lit-nothing"), fe = /* @__PURE__ */ new WeakMap(), pe = A.createTreeWalker(A, 129);
function me(e, t) {
	if (!ie(e) || !e.hasOwnProperty("raw")) throw Error("invalid template strings array");
	return E === void 0 ? t : E.createHTML(t);
}
var he = (e, t) => {
	let n = e.length - 1, r = [], i, a = t === 2 ? "<svg>" : t === 3 ? "<math>" : "", o = j;
	for (let t = 0; t < n; t++) {
		let n = e[t], s, c, l = -1, u = 0;
		for (; u < n.length && (o.lastIndex = u, c = o.exec(n), c !== null);) u = o.lastIndex, o === j ? c[1] === "!--" ? o = M : c[1] === void 0 ? c[2] === void 0 ? c[3] !== void 0 && (o = N) : (ce.test(c[2]) && (i = RegExp("</" + c[2], "g")), o = N) : o = se : o === N ? c[0] === ">" ? (o = i ?? j, l = -1) : c[1] === void 0 ? l = -2 : (l = o.lastIndex - c[2].length, s = c[1], o = c[3] === void 0 ? N : c[3] === "\"" ? F : P) : o === F || o === P ? o = N : o === M || o === se ? o = j : (o = N, i = void 0);
		let d = o === N && e[t + 1].startsWith("/>") ? " " : "";
		a += o === j ? n + k : l >= 0 ? (r.push(s), n.slice(0, l) + D + n.slice(l) + O + d) : n + O + (l === -2 ? t : d);
	}
	return [me(e, a + (e[n] || "<?>") + (t === 2 ? "</svg>" : t === 3 ? "</math>" : "")), r];
}, ge = class e {
	constructor({ strings: t, _$litType$: n }, r) {
		let i;
		this.parts = [];
		let a = 0, o = 0, s = t.length - 1, c = this.parts, [l, u] = he(t, n);
		if (this.el = e.createElement(l, r), pe.currentNode = this.el.content, n === 2 || n === 3) {
			let e = this.el.content.firstChild;
			e.replaceWith(...e.childNodes);
		}
		for (; (i = pe.nextNode()) !== null && c.length < s;) {
			if (i.nodeType === 1) {
				if (i.hasAttributes()) for (let e of i.getAttributeNames()) if (e.endsWith(D)) {
					let t = u[o++], n = i.getAttribute(e).split(O), r = /([.?@])?(.*)/.exec(t);
					c.push({
						type: 1,
						index: a,
						name: r[2],
						strings: n,
						ctor: r[1] === "." ? xe : r[1] === "?" ? R : r[1] === "@" ? z : be
					}), i.removeAttribute(e);
				} else e.startsWith(O) && (c.push({
					type: 6,
					index: a
				}), i.removeAttribute(e));
				if (ce.test(i.tagName)) {
					let e = i.textContent.split(O), t = e.length - 1;
					if (t > 0) {
						i.textContent = T ? T.emptyScript : "";
						for (let n = 0; n < t; n++) i.append(e[n], ne()), pe.nextNode(), c.push({
							type: 2,
							index: ++a
						});
						i.append(e[t], ne());
					}
				}
			} else if (i.nodeType === 8) {
				if (i.data === te) c.push({
					type: 2,
					index: a
				});
				else {
					let e = -1;
					for (; (e = i.data.indexOf(O, e + 1)) !== -1;) c.push({
						type: 7,
						index: a
					}), e += O.length - 1;
				}
			}
			a++;
		}
	}
	static createElement(e, t) {
		let n = A.createElement("template");
		return n.innerHTML = e, n;
	}
};
function _e(e, t, n = e, r) {
	if (t === de) return t;
	let i = r === void 0 ? n._$Cl : n._$Co?.[r], a = re(t) ? void 0 : t._$litDirective$;
	return i?.constructor !== a && (i?._$AO?.(!1), a === void 0 ? i = void 0 : (i = new a(e), i._$AT(e, n, r)), r === void 0 ? n._$Cl = i : (n._$Co ??= [])[r] = i), i !== void 0 && (t = _e(e, i._$AS(e, t.values), i, r)), t;
}
var ve = class {
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
		let { el: { content: t }, parts: n } = this._$AD, r = (e?.creationScope ?? A).importNode(t, !0);
		pe.currentNode = r;
		let i = pe.nextNode(), a = 0, o = 0, s = n[0];
		for (; s !== void 0;) {
			if (a === s.index) {
				let t;
				s.type === 2 ? t = new ye(i, i.nextSibling, this, e) : s.type === 1 ? t = new s.ctor(i, s.name, s.strings, this, e) : s.type === 6 && (t = new Se(i, this, e)), this._$AV.push(t), s = n[++o];
			}
			a !== s?.index && (i = pe.nextNode(), a++);
		}
		return pe.currentNode = A, r;
	}
	p(e) {
		let t = 0;
		for (let n of this._$AV) n !== void 0 && (n.strings === void 0 ? n._$AI(e[t]) : (n._$AI(e, n, t), t += n.strings.length - 2)), t++;
	}
}, ye = class e {
	get _$AU() {
		return this._$AM?._$AU ?? this._$Cv;
	}
	constructor(e, t, n, r) {
		this.type = 2, this._$AH = L, this._$AN = void 0, this._$AA = e, this._$AB = t, this._$AM = n, this.options = r, this._$Cv = r?.isConnected ?? !0;
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
		e = _e(this, e, t), re(e) ? e === L || e == null || e === "" ? (this._$AH !== L && this._$AR(), this._$AH = L) : e !== this._$AH && e !== de && this._(e) : e._$litType$ === void 0 ? e.nodeType === void 0 ? ae(e) ? this.k(e) : this._(e) : this.T(e) : this.$(e);
	}
	O(e) {
		return this._$AA.parentNode.insertBefore(e, this._$AB);
	}
	T(e) {
		this._$AH !== e && (this._$AR(), this._$AH = this.O(e));
	}
	_(e) {
		this._$AH !== L && re(this._$AH) ? this._$AA.nextSibling.data = e : this.T(A.createTextNode(e)), this._$AH = e;
	}
	$(e) {
		let { values: t, _$litType$: n } = e, r = typeof n == "number" ? this._$AC(e) : (n.el === void 0 && (n.el = ge.createElement(me(n.h, n.h[0]), this.options)), n);
		if (this._$AH?._$AD === r) this._$AH.p(t);
		else {
			let e = new ve(r, this), n = e.u(this.options);
			e.p(t), this.T(n), this._$AH = e;
		}
	}
	_$AC(e) {
		let t = fe.get(e.strings);
		return t === void 0 && fe.set(e.strings, t = new ge(e)), t;
	}
	k(t) {
		ie(this._$AH) || (this._$AH = [], this._$AR());
		let n = this._$AH, r, i = 0;
		for (let a of t) i === n.length ? n.push(r = new e(this.O(ne()), this.O(ne()), this, this.options)) : r = n[i], r._$AI(a), i++;
		i < n.length && (this._$AR(r && r._$AB.nextSibling, i), n.length = i);
	}
	_$AR(e = this._$AA.nextSibling, t) {
		for (this._$AP?.(!1, !0, t); e !== this._$AB;) {
			let t = ee(e).nextSibling;
			ee(e).remove(), e = t;
		}
	}
	setConnected(e) {
		this._$AM === void 0 && (this._$Cv = e, this._$AP?.(e));
	}
}, be = class {
	get tagName() {
		return this.element.tagName;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	constructor(e, t, n, r, i) {
		this.type = 1, this._$AH = L, this._$AN = void 0, this.element = e, this.name = t, this._$AM = r, this.options = i, n.length > 2 || n[0] !== "" || n[1] !== "" ? (this._$AH = Array(n.length - 1).fill(/* @__PURE__ */ new String()), this.strings = n) : this._$AH = L;
	}
	_$AI(e, t = this, n, r) {
		let i = this.strings, a = !1;
		if (i === void 0) e = _e(this, e, t, 0), a = !re(e) || e !== this._$AH && e !== de, a && (this._$AH = e);
		else {
			let r = e, o, s;
			for (e = i[0], o = 0; o < i.length - 1; o++) s = _e(this, r[n + o], t, o), s === de && (s = this._$AH[o]), a ||= !re(s) || s !== this._$AH[o], s === L ? e = L : e !== L && (e += (s ?? "") + i[o + 1]), this._$AH[o] = s;
		}
		a && !r && this.j(e);
	}
	j(e) {
		e === L ? this.element.removeAttribute(this.name) : this.element.setAttribute(this.name, e ?? "");
	}
}, xe = class extends be {
	constructor() {
		super(...arguments), this.type = 3;
	}
	j(e) {
		this.element[this.name] = e === L ? void 0 : e;
	}
}, R = class extends be {
	constructor() {
		super(...arguments), this.type = 4;
	}
	j(e) {
		this.element.toggleAttribute(this.name, !!e && e !== L);
	}
}, z = class extends be {
	constructor(e, t, n, r, i) {
		super(e, t, n, r, i), this.type = 5;
	}
	_$AI(e, t = this) {
		if ((e = _e(this, e, t, 0) ?? L) === de) return;
		let n = this._$AH, r = e === L && n !== L || e.capture !== n.capture || e.once !== n.once || e.passive !== n.passive, i = e !== L && (n === L || r);
		r && this.element.removeEventListener(this.name, this, n), i && this.element.addEventListener(this.name, this, e), this._$AH = e;
	}
	handleEvent(e) {
		typeof this._$AH == "function" ? this._$AH.call(this.options?.host ?? this.element, e) : this._$AH.handleEvent(e);
	}
}, Se = class {
	constructor(e, t, n) {
		this.element = e, this.type = 6, this._$AN = void 0, this._$AM = t, this.options = n;
	}
	get _$AU() {
		return this._$AM._$AU;
	}
	_$AI(e) {
		_e(this, e);
	}
}, Ce = {
	M: D,
	P: O,
	A: te,
	C: 1,
	L: he,
	R: ve,
	D: ae,
	V: _e,
	I: ye,
	H: be,
	N: R,
	U: z,
	B: xe,
	F: Se
}, we = w.litHtmlPolyfillSupport;
we?.(ge, ye), (w.litHtmlVersions ??= []).push("3.3.3");
var Te = (e, t, n) => {
	let r = n?.renderBefore ?? t, i = r._$litPart$;
	if (i === void 0) {
		let e = n?.renderBefore ?? null;
		r._$litPart$ = i = new ye(t.insertBefore(ne(), e), e, void 0, n ?? {});
	}
	return i._$AI(e), i;
}, Ee = globalThis, De = class extends C {
	constructor() {
		super(...arguments), this.renderOptions = { host: this }, this._$Do = void 0;
	}
	createRenderRoot() {
		let e = super.createRenderRoot();
		return this.renderOptions.renderBefore ??= e.firstChild, e;
	}
	update(e) {
		let t = this.render();
		this.hasUpdated || (this.renderOptions.isConnected = this.isConnected), super.update(e), this._$Do = Te(t, this.renderRoot, this.renderOptions);
	}
	connectedCallback() {
		super.connectedCallback(), this._$Do?.setConnected(!0);
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this._$Do?.setConnected(!1);
	}
	render() {
		return de;
	}
};
De._$litElement$ = !0, De.finalized = !0, Ee.litElementHydrateSupport?.({ LitElement: De });
var Oe = Ee.litElementPolyfillSupport;
Oe?.({ LitElement: De }), (Ee.litElementVersions ??= []).push("4.2.2");
// node_modules/lit-html/directive.js
var ke = {
	ATTRIBUTE: 1,
	CHILD: 2,
	PROPERTY: 3,
	BOOLEAN_ATTRIBUTE: 4,
	EVENT: 5,
	ELEMENT: 6
}, Ae = (e) => (...t) => ({
	_$litDirective$: e,
	values: t
}), je = class {
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
}, Me = Ae(class extends je {
	constructor(e) {
		if (super(e), e.type !== ke.ATTRIBUTE || e.name !== "class" || e.strings?.length > 2) throw Error("`classMap()` can only be used in the `class` attribute and must be the only part in the attribute.");
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
		return de;
	}
}), Ne = "important", Pe = " !" + Ne, Fe = Ae(class extends je {
	constructor(e) {
		if (super(e), e.type !== ke.ATTRIBUTE || e.name !== "style" || e.strings?.length > 2) throw Error("The `styleMap` directive must be used in the `style` attribute and must be the only part in the attribute.");
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
				let t = typeof r == "string" && r.endsWith(Pe);
				e.includes("-") || t ? n.setProperty(e, t ? r.slice(0, -11) : r, t ? Ne : "") : n[e] = r;
			}
		}
		return de;
	}
}), Ie = " ";
function B(e) {
	return e != null && Number.isFinite(e);
}
var Le = {
	comma_decimal: "en-US",
	decimal_comma: "de",
	quote_decimal: "de-CH",
	space_comma: "fr"
};
function Re(e) {
	return e.number_format === "system" ? void 0 : Le[e.number_format] ?? e.language;
}
var ze = /* @__PURE__ */ new Map();
function Be(e, t, n = 0) {
	if (!B(t)) return "–";
	let { locale: r } = e, i = `${r.number_format} ${r.language} ${n}`, a = ze.get(i);
	return a || (a = new Intl.NumberFormat(Re(r), {
		minimumFractionDigits: n,
		maximumFractionDigits: n,
		useGrouping: r.number_format !== "none"
	}), ze.set(i, a)), a.format(Math.abs(t) < .5 * 10 ** -n ? 0 : t);
}
function V(e, t, n, r = 0) {
	return `${Be(e, t, r)}${Ie}${n}`;
}
function Ve(e, t) {
	return e.config.unit_system.temperature === "°F" ? t * 1.8 + 32 : t;
}
function He(e, t, n = 0) {
	return V(e, B(t) ? Ve(e, t) : null, e.config.unit_system.temperature, n);
}
function Ue(e, t) {
	return Ge(e, t, "W", 2);
}
function We(e, t) {
	return B(t) && Math.abs(t) >= 1e6 ? V(e, t / 1e6, "MWh", 2) : Ge(e, t, "Wh", 1);
}
function Ge(e, t, n, r) {
	return !B(t) || Math.abs(t) < 1e3 ? V(e, t, n) : V(e, t / 1e3, `k${n}`, r);
}
function H(e, t, n) {
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
		tenths: {
			...a,
			second: "2-digit",
			fractionalSecondDigits: 1
		},
		day: {
			month: "short",
			day: "numeric"
		},
		month: {
			year: "numeric",
			month: "short"
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
var Ke = [
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
function qe(e, t) {
	if (!B(t)) return "–";
	let [, n, r] = Ke.find(([e]) => Math.abs(t) < e) ?? Ke[0];
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
	"card.gone": "Das Pack ist nicht eingerichtet oder gerade nicht geladen.",
	"card.refused": "Home Assistant gibt keine Auskunft: {message}",
	"card.waiting": "Warten auf die ersten Werte",
	"why.cell": "Zelle {number}",
	"why.sensor": "Fühler {number}",
	"why.at": "{where}: {value}",
	"why.from": "{what}, ab {threshold}",
	"pack.charge": "Ladung und Leistung",
	"pack.band": "{low} bis {high} %",
	"pack.band_why": "Der wahre Ladezustand liegt in neunzehn von zwanzig Fällen in diesem Band",
	"pack.bar": "Ladezustand {soc} %, wahrscheinlich zwischen {low} und {high} %",
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
	"pack.would_move": "Würde geschaltet",
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
	"system.the_battery": "Die Batterie",
	"system.battery": "Batterie",
	"system.packs": "Packs",
	"system.inverters": "Wechselrichter",
	"system.leases": "Was von der Batterie verlangt wird",
	"system.would": "Steuern ist nicht erlaubt. Niemand erfährt etwas davon: So würde Home BMS handeln.",
	"system.charge_voltage": "Ladespannung",
	"system.stage": "Ladephase",
	"system.health": "Gesundheit {value}",
	"system.share": "Anteil {value}",
	"system.alarm": "Alarm: {level}",
	"system.link": "Verbindung: {link}",
	"system.no_inverter": "Kein Wechselrichter ist eingerichtet: Niemand erfährt diese Grenzen.",
	"system.your_reserve": "Ihre Reserve",
	"system.you": "Ihre Reserve",
	"limits.charge": "{who} begrenzt das Laden auf {value}: {why}",
	"limits.discharge": "{who} begrenzt das Entladen auf {value}: {why}",
	"would_limit.charge": "{who} würde das Laden auf {value} begrenzen: {why}",
	"would_limit.discharge": "{who} würde das Entladen auf {value} begrenzen: {why}",
	"unlimited.charge": "Nichts begrenzt das Laden: {value} sind alles, wofür die Packs ausgelegt sind",
	"unlimited.discharge": "Nichts begrenzt das Entladen: {value} sind alles, wofür die Packs ausgelegt sind",
	"limiting.charge": "Begrenzt das Laden",
	"limiting.discharge": "Begrenzt das Entladen",
	"would_be_limiting.charge": "Würde das Laden begrenzen",
	"would_be_limiting.discharge": "Würde das Entladen begrenzen",
	"part.in": "Nimmt teil",
	"part.charge_open": "Entlädt nur: Sein Ladeschalter ist offen",
	"part.discharge_open": "Lädt nur: Sein Entladeschalter ist offen",
	"part.open": "Nimmt nicht teil: Seine Schalter sind offen",
	"part.joining": "Kommt hinzu: Sein Schalter schließt gerade",
	"part.unseen": "Nicht zu hören und vielleicht noch am Bus",
	"part.coming_back": "Wieder zu hören, seine Grenzen steigen noch",
	"ask.charge_limit": "Höchstens mit {value} laden",
	"ask.discharge_limit": "Höchstens mit {value} entladen",
	"ask.reserve": "Reserve {value}",
	"ask.charge_to": "Bis {value} laden",
	"ask.charge": "Mit {value} laden",
	"ask.discharge": "Mit {value} entladen",
	"ask.rest": "Weder laden noch entladen",
	"lease.none": "Gerade verlangt niemand etwas von ihr.",
	"lease.to_come": "Demnächst",
	"lease.more": "{number} weitere",
	"lease.no_setpoint": "Kein Sollwert",
	"lease.no_reserve": "Keine Reserve",
	"lease.setpoint": "Sollwert: {what}",
	"lease.narrowed": "Sollwert: {what} (verlangt: {asked})",
	"lease.until": "bis {time}",
	"lease.endless": "ohne Ende",
	"lease.span": "{start} bis {end}",
	"lease.repeats": "kehrt wieder",
	"lease.overridden": "zählt nicht: {who} geht vor",
	"lease.now": "jetzt {value}",
	"release.button": "Freigeben",
	"release.of": "Freigeben: {who}",
	"release.title": "Freigeben, was {who} verlangt?",
	"release.once": "Es endet sofort. Wer es verlangt hat, kann es wieder verlangen.",
	"release.repeats": "Es endet sofort und kehrt nicht wieder. Wer es verlangt hat, kann es wieder verlangen.",
	"release.refused": "Home Assistant lehnt ab: {message}",
	"release.keep": "Behalten",
	"inverter.share": "bekommt {value} der Grenzen der Batterie",
	"inverter.charge": "Laden",
	"inverter.discharge": "Entladen",
	"inverter.told": "Soll",
	"inverter.would_be_told": "Wäre das Soll",
	"inverter.accepted": "Hält ein",
	"inverter.response": "Antwort",
	"inverter.dead_time": "Totzeit",
	"inverter.settling": "Gehorcht nach",
	"inverter.step": "Mittel",
	"inverter_limits.charge": "begrenzt das Laden selbst",
	"inverter_limits.discharge": "begrenzt das Entladen selbst",
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
	"health.worn_from": "{years} Jahre (nicht vor {low})",
	"chart.latest": "Neueste Werte",
	"chart.help": "Pfeil links und rechts bewegen in der Zeit, Plus und Minus zoomen, Pos1 geht zurück, Umschalt mit einem Pfeil bewegt den Zeiger. Ziehen zoomt; ein Doppelklick geht zurück.",
	"chart.nothing": "{name} nicht bekannt",
	"chart.summary": "{name} {low} bis {high}, zuletzt {last}",
	"chart.unknown": "nicht bekannt",
	"timeline.ranges": "Welche Zeit gezeigt wird",
	"timeline.hour": "1 Std.",
	"timeline.hours_6": "6 Std.",
	"timeline.hours_24": "24 Std.",
	"timeline.days_7": "7 T.",
	"timeline.days_30": "30 T.",
	"timeline.year": "1 J.",
	"timeline.all": "Alles",
	"timeline.zoom_in": "Hineinzoomen",
	"timeline.zoom_out": "Herauszoomen",
	"timeline.earlier": "Früher",
	"timeline.later": "Später",
	"timeline.shown": "{from} bis {to}",
	"timeline.waiting": "Home Assistants Gedächtnis wird gefragt",
	"timeline.empty": "Home Assistant hat von dieser Zeit nichts behalten.",
	"timeline.refused": "Home Assistant gibt keine Auskunft über das, was war: {message}",
	"timeline.again": "Erneut fragen",
	"timeline.missing": "Nicht gezeichnet, weil die Entität fehlt oder deaktiviert ist: {names}.",
	"timeline.line": "{pane}, {line}",
	"timeline.chart": "Was das Pack im Lauf der Zeit tat",
	"timeline.voltage": "Zellspannung",
	"timeline.highest": "höchste",
	"timeline.lowest": "niedrigste",
	"timeline.spread": "Zellabweichung",
	"timeline.difference": "höchste minus niedrigste",
	"timeline.current": "Strom",
	"timeline.flowing": "fließt",
	"timeline.charge_limit": "Ladegrenze",
	"timeline.discharge_limit": "Entladegrenze",
	"timeline.temperature": "Temperatur",
	"timeline.hottest": "wärmste",
	"timeline.coldest": "kälteste",
	"timeline.charge": "Ladezustand",
	"timeline.soc": "geschätzt",
	"timeline.balancing": "Ausgleich",
	"timeline.cells": "Zellen",
	"timeline.on": "werden ausgeglichen",
	"timeline.off": "werden nicht ausgeglichen",
	"timeline.events": "Ereignisse",
	"timeline.no_events": "In dieser Zeit ist nichts geschehen.",
	"timeline.more": "und {count} frühere: hineinzoomen, um sie zu sehen",
	"timeline.kept": "Ereignisse und Ausgleich sind so lange bekannt, wie Home Assistant seinen Verlauf behält: zehn Tage, wenn niemand eine andere Zeit eingestellt hat.",
	"timeline.because": "wegen: {cause}",
	"timeline.open": "Ein Ereignis wählen, um zu sehen, was seine Blackbox festgehalten hat.",
	"box.title": "Blackbox",
	"box.close": "Schließen",
	"box.waiting": "Die Blackbox wird geöffnet",
	"box.admin": "Blackboxen werden nur Administratoren gezeigt.",
	"box.none": "Noch wurde keine Blackbox behalten: Eine entsteht, wenn ein Schutz einen Strom sperrt oder auslöst.",
	"box.far": "Von diesem Ereignis wurde keine Blackbox behalten. Dies ist die zeitlich nächste.",
	"box.which": "Blackbox von",
	"box.watching": "Steuern war nicht erlaubt: Grenzen und Schalter sind, was Home BMS getan hätte.",
	"box.why": "Warum",
	"box.deeds": "Was getan wurde",
	"box.no_deeds": "Nichts wurde geändert.",
	"box.measured": "Was gemessen wurde",
	"box.chart": "Was um die Auslösung herum gemessen wurde; die Zeiten sind Sekunden davor und danach",
	"box.cells": "Zellspannungen",
	"box.threshold": "Schwelle {value}",
	"box.when": "{time} ({relative})",
	"box.over": "Keine",
	"box.mode": "Betriebsart",
	"box.table": "Als Tabelle",
	"box.time": "Zeit",
	"box.lowest": "Niedrigste Zelle",
	"box.highest": "Höchste Zelle",
	"box.hottest": "Wärmste",
	"box.download": "Datei herunterladen",
	"resolution.raw": "jede Änderung",
	"resolution.5minute": "Statistik je 5 Minuten, mit niedrigstem und höchstem Wert",
	"resolution.day": "Statistik je Tag, mit niedrigstem und höchstem Wert",
	"resolution.hour": "Statistik je Stunde, mit niedrigstem und höchstem Wert",
	"form.device": "Batteriepack oder System",
	"form.device_help": "Ohne Angabe wird das erste gezeigt.",
	"form.title": "Titel",
	"form.cells": "Jede Zelle zeigen",
	"form.hours": "Stunden, die zuerst gezeigt werden",
	"form.hide": "Weglassen",
	"offer.pack": "Home BMS: Pack",
	"offer.pack_help": "Ladung, Alarme, Grenzen mit Gründen und jede Zelle eines Batteriepacks",
	"offer.health": "Home BMS: Gesundheit",
	"offer.health_help": "Kapazität, Widerstand jeder Zelle und Verbindung, Zyklen, Energie und welche Zelle zuerst verschlissen sein wird",
	"offer.system": "Home BMS: System",
	"offer.system_help": "Packs, Wechselrichter und was von der Batterie verlangt wird: wer wen begrenzt, wie weit und bis wann",
	"offer.timeline": "Home BMS: Verlauf",
	"offer.timeline_help": "Zellspannungen, Strom und seine Grenzen, Temperaturen, Ladung und Ereignisse über der Zeit, mit der Blackbox jeder Abschaltung",
	"offer.dashboard": "Home BMS",
	"offer.dashboard_help": "Alles über Ihre Batteriepacks: jetzt, Zellen, Verlauf, Gesundheit, System, Wartung",
	"health.inspections": "Inspektionen",
	"health.no_inspections": "Im nächsten Monat ist nichts fällig.",
	"health.coming": "fällig am {date}",
	"health.due": "fällig seit {date}",
	"health.overdue": "überfällig seit {date}",
	"health.whole_system": "der ganzen Anlage",
	"why.of": "{what} von {threshold}",
	"why.most": "{what}, erlaubt waren höchstens {threshold}",
	"pack.balancing_unknown": "Ob ausgeglichen wird, ist nicht bekannt",
	"health.nothing_learned": "Es ist noch zu wenig gelernt, um etwas zu finden."
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
	"pack.bar": "State of charge {soc} %, probably between {low} and {high} %",
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
	"pack.would_move": "Would be moved",
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
	"system.the_battery": "The battery",
	"system.battery": "Battery",
	"system.packs": "Packs",
	"system.inverters": "Inverters",
	"system.leases": "What is asked of the battery",
	"system.would": "Control is not allowed. Nobody is told any of this: it is what Home BMS would do.",
	"system.charge_voltage": "Charge voltage",
	"system.stage": "Charge stage",
	"system.health": "health {value}",
	"system.share": "share {value}",
	"system.alarm": "Alarm: {level}",
	"system.link": "Link: {link}",
	"system.no_inverter": "No inverter is set up: nobody is told these limits.",
	"system.your_reserve": "Your reserve",
	"system.you": "your reserve",
	"limits.charge": "{who} limits charging to {value}: {why}",
	"limits.discharge": "{who} limits discharging to {value}: {why}",
	"would_limit.charge": "{who} would limit charging to {value}: {why}",
	"would_limit.discharge": "{who} would limit discharging to {value}: {why}",
	"unlimited.charge": "Nothing limits charging: {value} are all that the packs are rated for",
	"unlimited.discharge": "Nothing limits discharging: {value} are all that the packs are rated for",
	"limiting.charge": "Limits charging",
	"limiting.discharge": "Limits discharging",
	"would_be_limiting.charge": "Would limit charging",
	"would_be_limiting.discharge": "Would limit discharging",
	"part.in": "Takes part",
	"part.charge_open": "Only discharges: its charge switch is open",
	"part.discharge_open": "Only charges: its discharge switch is open",
	"part.open": "Takes no part: its switches are open",
	"part.joining": "Joining: its switch is closing",
	"part.unseen": "Not heard, and perhaps still on the bus",
	"part.coming_back": "Heard again, its limits still rise",
	"ask.charge_limit": "Charge with at most {value}",
	"ask.discharge_limit": "Discharge with at most {value}",
	"ask.reserve": "Reserve {value}",
	"ask.charge_to": "Charge to {value}",
	"ask.charge": "Charge with {value}",
	"ask.discharge": "Discharge with {value}",
	"ask.rest": "Neither charge nor discharge",
	"lease.none": "Nobody asks anything of it now.",
	"lease.to_come": "To come",
	"lease.more": "{number} more",
	"lease.no_setpoint": "No set-point",
	"lease.no_reserve": "No reserve",
	"lease.setpoint": "Set-point: {what}",
	"lease.narrowed": "Set-point: {what} (asked: {asked})",
	"lease.until": "until {time}",
	"lease.endless": "without an end",
	"lease.span": "{start} to {end}",
	"lease.repeats": "comes round",
	"lease.overridden": "does not count: {who} goes before",
	"lease.now": "now {value}",
	"release.button": "Release",
	"release.of": "Release: {who}",
	"release.title": "Release what {who} asks?",
	"release.once": "It ends at once. Who asked it may ask again.",
	"release.repeats": "It ends at once and does not come round again. Who asked it may ask again.",
	"release.refused": "Home Assistant refuses: {message}",
	"release.keep": "Keep",
	"inverter.share": "gets {value} of the battery's limits",
	"inverter.charge": "Charge",
	"inverter.discharge": "Discharge",
	"inverter.told": "Is told",
	"inverter.would_be_told": "Would be told",
	"inverter.accepted": "Holds",
	"inverter.response": "Response",
	"inverter.dead_time": "Dead time",
	"inverter.settling": "Obeys after",
	"inverter.step": "Means",
	"inverter_limits.charge": "limits charging itself",
	"inverter_limits.discharge": "limits discharging itself",
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
	"health.worn_from": "{years} years (not before {low})",
	"chart.latest": "Latest values",
	"chart.help": "Arrow left and right move in time, plus and minus zoom, Home goes back, Shift with an arrow moves the cursor. Drag to zoom; double-click to go back.",
	"chart.nothing": "{name} not known",
	"chart.summary": "{name} {low} to {high}, last {last}",
	"chart.unknown": "not known",
	"timeline.ranges": "Which time is shown",
	"timeline.hour": "1 h",
	"timeline.hours_6": "6 h",
	"timeline.hours_24": "24 h",
	"timeline.days_7": "7 d",
	"timeline.days_30": "30 d",
	"timeline.year": "1 y",
	"timeline.all": "All",
	"timeline.zoom_in": "Zoom in",
	"timeline.zoom_out": "Zoom out",
	"timeline.earlier": "Earlier",
	"timeline.later": "Later",
	"timeline.shown": "{from} to {to}",
	"timeline.waiting": "Asking Home Assistant's memory",
	"timeline.empty": "Home Assistant has kept nothing of this time.",
	"timeline.refused": "Home Assistant does not tell what was: {message}",
	"timeline.again": "Ask again",
	"timeline.missing": "Not drawn, as the entity is missing or disabled: {names}.",
	"timeline.line": "{pane}, {line}",
	"timeline.chart": "What the pack did over time",
	"timeline.voltage": "Cell voltage",
	"timeline.highest": "highest",
	"timeline.lowest": "lowest",
	"timeline.spread": "Cell difference",
	"timeline.difference": "highest less lowest",
	"timeline.current": "Current",
	"timeline.flowing": "flowing",
	"timeline.charge_limit": "charge limit",
	"timeline.discharge_limit": "discharge limit",
	"timeline.temperature": "Temperature",
	"timeline.hottest": "hottest",
	"timeline.coldest": "coldest",
	"timeline.charge": "State of charge",
	"timeline.soc": "estimated",
	"timeline.balancing": "Balancing",
	"timeline.cells": "cells",
	"timeline.on": "balanced",
	"timeline.off": "not balanced",
	"timeline.events": "Events",
	"timeline.no_events": "Nothing happened in this time.",
	"timeline.more": "and {count} earlier ones: zoom in to see them",
	"timeline.kept": "Events and balancing are known for as long as Home Assistant keeps its history: ten days, if nobody has set another time.",
	"timeline.because": "because of: {cause}",
	"timeline.open": "Choose an event to see what its black box kept.",
	"box.title": "Black box",
	"box.close": "Close",
	"box.waiting": "Opening the black box",
	"box.admin": "Black boxes are shown to administrators only.",
	"box.none": "No black box was kept yet: one is written when a protection stops a current or trips.",
	"box.far": "No black box was kept of this event. This is the one nearest in time.",
	"box.which": "Black box of",
	"box.watching": "Control was not allowed: limits and switches are what Home BMS would have done.",
	"box.why": "Why",
	"box.deeds": "What was done",
	"box.no_deeds": "Nothing was changed.",
	"box.measured": "What was measured",
	"box.chart": "What was measured around the trip; times are seconds before and after it",
	"box.cells": "Cell voltages",
	"box.threshold": "threshold {value}",
	"box.when": "{time} ({relative})",
	"box.over": "None",
	"box.mode": "Mode",
	"box.table": "As a table",
	"box.time": "Time",
	"box.lowest": "Lowest cell",
	"box.highest": "Highest cell",
	"box.hottest": "Hottest",
	"box.download": "Download the file",
	"resolution.raw": "every change",
	"resolution.5minute": "statistics of 5 minutes, with lowest and highest",
	"resolution.day": "statistics of a day, with lowest and highest",
	"resolution.hour": "statistics of an hour, with lowest and highest",
	"form.device": "Battery pack or system",
	"form.device_help": "Without one the first is shown.",
	"form.title": "Title",
	"form.cells": "Show every cell",
	"form.hours": "Hours shown at first",
	"form.hide": "Leave out",
	"offer.pack": "Home BMS: pack",
	"offer.pack_help": "Charge, alarms, limits with their reasons, and every cell of one battery pack",
	"offer.health": "Home BMS: health",
	"offer.health_help": "Capacity, resistance of each cell and joint, cycles, energy, and which cell will be worn out first",
	"offer.system": "Home BMS: system",
	"offer.system_help": "Packs, inverters and what is asked of the battery: who limits whom, by how much, until when",
	"offer.timeline": "Home BMS: timeline",
	"offer.timeline_help": "Cell voltages, current against its limits, temperatures, charge and events over time, with the black box of each trip",
	"offer.dashboard": "Home BMS",
	"offer.dashboard_help": "Everything about your battery packs: now, cells, history, health, system, maintenance",
	"health.inspections": "Inspections",
	"health.no_inspections": "Nothing is due within a month.",
	"health.coming": "due on {date}",
	"health.due": "due since {date}",
	"health.overdue": "overdue since {date}",
	"health.whole_system": "of the whole system",
	"why.of": "{what} of {threshold}",
	"why.most": "{what}, permitted were at most {threshold}",
	"pack.balancing_unknown": "Whether it balances is not known",
	"health.nothing_learned": "Too little is learned yet to find anything."
}, Ze = {
	en: Xe,
	de: Ye
};
function U(e, t, n = {}) {
	return $e(e.locale.language, t, n);
}
function Qe() {
	return document.documentElement.lang || "en";
}
function $e(e, t, n = {}) {
	return (Ze[e.split("-")[0] ?? "en"] ?? Xe)[t].replace(/\{(\w+)\}/g, (e, t) => String(n[t] ?? e));
}
var et = {
	limit: "entity.sensor.limiting_reason.state.*",
	protection: "entity.event.protection.state_attributes.protection.state.*",
	level: "entity.binary_sensor.tripped.state_attributes.level.state.*",
	became: "entity.event.protection.state_attributes.level.state.*",
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
	inspection: "selector.inspection.options.*",
	inverter_link: "entity.sensor.inverter_link.state.*",
	response: "entity.sensor.obedience.state.*",
	step: "entity.sensor.escalation.state.*",
	step_why: "entity.sensor.escalation.state_attributes.reason.state.*"
};
function W(e, t, n, r) {
	return e.localize(`component.home_bms.${et[t].replace("*", n)}`, r) || n.replaceAll("_", " ");
}
async function tt(e) {
	await Promise.all([
		"entity",
		"issues",
		"selector"
	].map((t) => e.loadBackendTranslation(t, "home_bms")));
}
// src/cells/cells.ts
var nt = 32, rt = 500, it = {
	ArrowRight: 1,
	ArrowDown: 1,
	ArrowLeft: -1,
	ArrowUp: -1
}, at = class extends De {
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
		let { hass: e, measures: t } = this, n = this.#e, r = n.values(this.shown), i = this.heat ?? r.length > nt;
		return I`
      <div class="choice">
        <div role="tablist" aria-label=${U(e, "cells.measures")} @keydown=${this.#a}>
          ${t.map((t) => I`
              <button
                type="button"
                role="tab"
                id="tab-${t.key}"
                aria-controls="cells"
                aria-selected=${t === n}
                tabindex=${t === n ? 0 : -1}
                @click=${() => this.#t(t)}
              >
                ${U(e, t.name)}
              </button>
            `)}
        </div>
        <button
          type="button"
          class="view"
          aria-pressed=${i}
          aria-label=${U(e, "cells.heat")}
          title=${U(e, "cells.heat")}
          @click=${() => this.heat = !i}
        >
          <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 3h8v8H3z M13 3h8v8h-8z M3 13h8v8H3z M13 13h8v8h-8z" /></svg>
        </button>
      </div>
      <div id="cells" role="tabpanel" aria-labelledby="tab-${n.key}">
        ${r.length ? this.#n(r, i) : I`<p class="quiet">${U(e, "cells.unknown")}</p>`}
        ${r.length ? I`<p class="chosen">${this.#i(r)}</p>` : L}
      </div>
    `;
	}
	#t({ key: e }) {
		this.key = e, this.chosen = 0;
	}
	#n(e, t) {
		let { hass: n, info: r } = this, i = this.#e, [a, o] = i.range(r, e.filter(B)), s = (e) => Math.min(1, Math.max(0, (e - a) / (o - a))), c = e.filter(B), l = e.indexOf(Math.max(...c)), u = e.indexOf(Math.min(...c)), d = c.length > 1 && e[l] !== e[u];
		return I`
      <ol
        class=${t ? "heat" : "bars"}
        role="listbox"
        aria-label=${U(n, i.name)}
        @keydown=${this.#o}
        style=${Fe({ "--count": String(e.length) })}
      >
        ${t ? L : i.marks(r).map((e) => I`<span class="mark" style=${Fe({ "--at": String(s(e)) })}></span>`)}
        ${e.map((e, n) => {
			let r = d ? n === l ? "highest" : n === u ? "lowest" : "" : "";
			return this.#r(i, e, n, s, r, t);
		})}
      </ol>
    `;
	}
	#r(e, t, n, r, i, a) {
		let { hass: o, shown: s } = this, c = e.doubt?.(s, n), l = e.bled?.(s, n) ?? !1, u = e.band?.(s, n), d = t === null ? 0 : Math.round(rt * r(t)) / rt, f = [
			`${U(o, e.place, { number: n + 1 })}: ${e.text(o, t)}`,
			i && U(o, `cells.${i}`),
			l && U(o, "cells.balancing"),
			c && U(o, "cells.doubted", { why: W(o, "doubt", c) })
		];
		return I`
      <li
        role="option"
        class=${Me({
			doubted: !!c,
			missing: t === null,
			bled: l,
			signed: e.signed,
			[i]: !!i
		})}
        aria-label=${f.filter(Boolean).join(", ")}
        aria-selected=${n === this.chosen}
        tabindex=${n === this.chosen ? 0 : -1}
        style=${Fe({
			"--at": String(d),
			"--ink": d > .55 ? "var(--on-strong)" : "var(--bms-text)"
		})}
        @click=${() => this.chosen = n}
        @focus=${() => this.chosen = n}
      >
        <span class="shape" aria-hidden="true">
          ${t === null ? L : I`<span class="fill"></span>`}
          ${u ? I`<span class="band" style=${Fe({
			"--low": String(r(u[0])),
			"--high": String(r(u[1]))
		})}></span>` : L}
        </span>
        <span class="sign" aria-hidden="true">${i === "highest" ? "▲" : i === "lowest" ? "▼" : ""}${l ? "●" : ""}</span>
        <span class="number" aria-hidden="true">${n + 1}</span>
        ${a ? I`<span class="value" aria-hidden="true">${e.text(o, t)}</span>` : L}
      </li>
    `;
	}
	#i(e) {
		let { hass: t, shown: n } = this, r = this.#e, i = Math.min(this.chosen, e.length - 1), a = this.measures.filter(({ place: e }) => e === r.place).map((e) => ({
			each: e,
			value: e.values(n)[i] ?? null
		})).filter(({ each: e, value: t }) => e === r || t !== null).map(({ each: e, value: n }) => `${U(t, e.name)} ${e.text(t, n)}`), o = r.doubt?.(n, i);
		return o && a.push(U(t, "cells.doubted", { why: W(t, "doubt", o) })), I`<strong>${U(t, r.place, { number: i + 1 })}</strong> ${a.join(" · ")}`;
	}
	#a = (e) => {
		let t = ot(e, this.measures.indexOf(this.#e), this.measures.length);
		t !== void 0 && (this.#t(this.measures[t] ?? this.measures[0]), this.updateComplete.then(() => this.renderRoot.querySelector("[role=tab][tabindex='0']")?.focus()));
	};
	#o = (e) => {
		let t = ot(e, this.chosen, this.#e.values(this.shown).length);
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
        padding: 4px 8px;
        font-size: 0.8125rem;
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
        height: clamp(190px, 22cqi, 260px);
        /* As large as leaves the numbers apart. */
        --size: clamp(0.55rem, 55cqi / var(--count), 0.875rem);
      }
      .bars li {
        display: grid;
        grid-template-rows: minmax(0, 1fr) 1.1em 1.3em;
        justify-items: center;
        font-size: var(--size);
      }
      .bars .shape {
        width: min(100%, max(56px, 9cqi));
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
        font-size: var(--size);
        height: 2px;
        /* Seen on the bars as well as between them. */
        background: repeating-linear-gradient(90deg, var(--bms-bad) 0 6px, var(--card-background-color, #fff) 6px 10px);
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
function ot(e, t, n) {
	let r = it[e.key], i = r === void 0 ? e.key === "Home" ? 0 : e.key === "End" ? n - 1 : void 0 : (t + r + n) % n;
	return i !== void 0 && e.preventDefault(), i;
}
// node_modules/uplot/dist/uPlot.esm.js
var st = !0, ct = "uplot", lt = "u-hz", ut = "u-vt", dt = "u-title", ft = "u-wrap", pt = "u-under", mt = "u-over", ht = "u-axis", gt = "u-off", _t = "u-select", vt = "u-cursor-x", yt = "u-cursor-y", bt = "u-cursor-pt", xt = "u-legend", St = "u-live", Ct = "u-inline", wt = "u-series", Tt = "u-marker", Et = "u-label", Dt = "u-value", Ot = "width", kt = "height", At = "top", jt = "bottom", Mt = "left", Nt = "right", Pt = "#000", Ft = "#0000", It = "mousemove", Lt = "mousedown", Rt = "mouseup", zt = "mouseenter", Bt = "mouseleave", Vt = "dblclick", Ht = "resize", Ut = "scroll", Wt = "change", Gt = "dppxchange", Kt = "--", qt = typeof window < "u", Jt = qt ? document : null, Yt = qt ? window : null, Xt = qt ? navigator : null, G, Zt;
function Qt() {
	let e = devicePixelRatio;
	G != e && (G = e, Zt && pn(Wt, Zt, Qt), Zt = matchMedia(`(min-resolution: ${G - .001}dppx) and (max-resolution: ${G + .001}dppx)`), fn(Wt, Zt, Qt), Yt.dispatchEvent(new CustomEvent(Gt)));
}
function $t(e, t) {
	if (t != null) {
		let n = e.classList;
		!n.contains(t) && n.add(t);
	}
}
function en(e, t) {
	let n = e.classList;
	n.contains(t) && n.remove(t);
}
function K(e, t, n) {
	e.style[t] = n + "px";
}
function tn(e, t, n, r) {
	let i = Jt.createElement(e);
	return t != null && $t(i, t), n?.insertBefore(i, r), i;
}
function nn(e, t) {
	return tn("div", e, t);
}
var rn = /* @__PURE__ */ new WeakMap();
function an(e, t, n, r, i) {
	let a = "translate(" + t + "px," + n + "px)";
	a != rn.get(e) && (e.style.transform = a, rn.set(e, a), t < 0 || n < 0 || t > r || n > i ? $t(e, gt) : en(e, gt));
}
var on = /* @__PURE__ */ new WeakMap();
function sn(e, t, n) {
	let r = t + n;
	r != on.get(e) && (on.set(e, r), e.style.background = t, e.style.borderColor = n);
}
var cn = /* @__PURE__ */ new WeakMap();
function ln(e, t, n, r) {
	let i = t + "" + n;
	i != cn.get(e) && (cn.set(e, i), e.style.height = n + "px", e.style.width = t + "px", e.style.marginLeft = r ? -t / 2 + "px" : 0, e.style.marginTop = r ? -n / 2 + "px" : 0);
}
var un = { passive: !0 }, dn = {
	...un,
	capture: !0
};
function fn(e, t, n, r) {
	t.addEventListener(e, n, r ? dn : un);
}
function pn(e, t, n, r) {
	t.removeEventListener(e, n, un);
}
qt && Qt();
function mn(e, t, n, r) {
	let i;
	n ||= 0, r ||= t.length - 1;
	let a = r <= 2147483647;
	for (; r - n > 1;) i = a ? n + r >> 1 : Fn((n + r) / 2), t[i] < e ? n = i : r = i;
	return e - t[n] <= t[r] - e ? n : r;
}
function hn(e) {
	return (t, n, r) => {
		let i = -1, a = -1;
		for (let a = n; a <= r; a++) if (e(t[a])) {
			i = a;
			break;
		}
		for (let i = r; i >= n; i--) if (e(t[i])) {
			a = i;
			break;
		}
		return [i, a];
	};
}
var gn = (e) => e != null, _n = (e) => e != null && e > 0, vn = hn(gn), yn = hn(_n);
function bn(e, t, n, r = 0, i = !1) {
	let a = i ? yn : vn, o = i ? _n : gn;
	[t, n] = a(e, t, n);
	let s = e[t], c = e[t];
	if (t > -1) {
		if (r == 1) s = e[t], c = e[n];
		else if (r == -1) s = e[n], c = e[t];
		else for (let r = t; r <= n; r++) {
			let t = e[r];
			o(t) && (t < s ? s = t : t > c && (c = t));
		}
	}
	return [s ?? Kn, c ?? -Kn];
}
function xn(e, t, n, r) {
	let i = Vn(e), a = Vn(t);
	e == t && (i == -1 ? (e *= n, t /= n) : (e /= n, t *= n));
	let o = n == 10 ? Hn : Un, s = i == 1 ? Fn : Ln, c = a == 1 ? Ln : Fn, l = s(o(Pn(e))), u = c(o(Pn(t))), d = Bn(n, l), f = Bn(n, u);
	return n == 10 && (l < 0 && (d = Y(d, -l)), u < 0 && (f = Y(f, -u))), r || n == 2 ? (e = d * i, t = f * a) : (e = or(e, d), t = ar(t, f)), [e, t];
}
function Sn(e, t, n, r) {
	let i = xn(e, t, n, r);
	return e == 0 && (i[0] = 0), t == 0 && (i[1] = 0), i;
}
var Cn = .1, wn = {
	mode: 3,
	pad: Cn
}, Tn = {
	pad: 0,
	soft: null,
	mode: 0
}, En = {
	min: Tn,
	max: Tn
};
function Dn(e, t, n, r) {
	return _r(n) ? kn(e, t, n) : (Tn.pad = n, Tn.soft = r ? 0 : null, Tn.mode = r ? 3 : 0, kn(e, t, En));
}
function q(e, t) {
	return e ?? t;
}
function On(e, t, n) {
	for (t = q(t, 0), n = q(n, e.length - 1); t <= n;) {
		if (e[t] != null) return !0;
		t++;
	}
	return !1;
}
function kn(e, t, n) {
	let r = n.min, i = n.max, a = q(r.pad, 0), o = q(i.pad, 0), s = q(r.hard, -Kn), c = q(i.hard, Kn), l = q(r.soft, Kn), u = q(i.soft, -Kn), d = q(r.mode, 0), f = q(i.mode, 0), p = t - e, m = Hn(p), h = zn(Pn(e), Pn(t)), g = Pn(Hn(h) - m);
	(p < 1e-24 || g > 10) && (p = 0, (e == 0 || t == 0) && (p = 1e-24, d == 2 && l != Kn && (a = 0), f == 2 && u != -Kn && (o = 0)));
	let _ = p || h || 1e3, v = Bn(10, Fn(Hn(_))), y = Y(or(e - _ * (p == 0 ? e == 0 ? .1 : 1 : a), v / 10), 24), b = e >= l && (d == 1 || d == 3 && y <= l || d == 2 && y >= l) ? l : Kn, x = zn(s, y < b && e >= b ? b : Rn(b, y)), S = Y(ar(t + _ * (p == 0 ? t == 0 ? .1 : 1 : o), v / 10), 24), C = t <= u && (f == 1 || f == 3 && S >= u || f == 2 && S <= u) ? u : -Kn, w = Rn(c, S > C && t <= C ? C : zn(C, S));
	return x == w && x == 0 && (w = 100), [x, w];
}
var An = new Intl.NumberFormat(qt ? Xt.language : "en-US"), jn = (e) => An.format(e), Mn = Math, Nn = Mn.PI, Pn = Mn.abs, Fn = Mn.floor, In = Mn.round, Ln = Mn.ceil, Rn = Mn.min, zn = Mn.max, Bn = Mn.pow, Vn = Mn.sign, Hn = Mn.log10, Un = Mn.log2, Wn = (e, t = 1) => Mn.sinh(e) * t, Gn = (e, t = 1) => Mn.asinh(e / t), Kn = Infinity;
function qn(e) {
	return (Hn((e ^ e >> 31) - (e >> 31)) | 0) + 1;
}
function Jn(e, t, n) {
	return Rn(zn(e, t), n);
}
function Yn(e) {
	return typeof e == "function";
}
function J(e) {
	return Yn(e) ? e : () => e;
}
var Xn = () => {}, Zn = (e) => e, Qn = (e, t) => t, $n = (e) => null, er = (e) => !0, tr = (e, t) => e == t, nr = /\.\d*?(?=9{6,}|0{6,})/gm, rr = (e) => {
	if (mr(e) || sr.has(e)) return e;
	let t = `${e}`, n = t.match(nr);
	if (n == null) return e;
	let r = n[0].length - 1;
	if (t.indexOf("e-") != -1) {
		let [e, n] = t.split("e");
		return +`${rr(e)}e${n}`;
	}
	return Y(e, r);
};
function ir(e, t) {
	return rr(Y(rr(e / t)) * t);
}
function ar(e, t) {
	return rr(Ln(rr(e / t)) * t);
}
function or(e, t) {
	return rr(Fn(rr(e / t)) * t);
}
function Y(e, t = 0) {
	if (mr(e)) return e;
	let n = 10 ** t;
	return In(e * n * (1 + 2 ** -52)) / n;
}
var sr = /* @__PURE__ */ new Map();
function cr(e) {
	return (("" + e).split(".")[1] || "").length;
}
function lr(e, t, n, r) {
	let i = [], a = r.map(cr);
	for (let o = t; o < n; o++) {
		let t = Pn(o), n = Y(Bn(e, o), t);
		for (let s = 0; s < r.length; s++) {
			let c = e == 10 ? +`${r[s]}e${o}` : r[s] * n, l = (o >= 0 ? 0 : t) + (o >= a[s] ? 0 : a[s]), u = e == 10 ? c : Y(c, l);
			i.push(u), sr.set(u, l);
		}
	}
	return i;
}
var ur = {}, dr = [], fr = [null, null], pr = Array.isArray, mr = Number.isInteger, hr = (e) => e === void 0;
function gr(e) {
	return typeof e == "string";
}
function _r(e) {
	let t = !1;
	if (e != null) {
		let n = e.constructor;
		t = n == null || n == Object;
	}
	return t;
}
function vr(e) {
	return typeof e == "object" && !!e;
}
var yr = Object.getPrototypeOf(Uint8Array), br = "__proto__";
function xr(e, t = _r) {
	let n;
	if (pr(e)) {
		let r = e.find((e) => e != null);
		if (pr(r) || t(r)) {
			n = Array(e.length);
			for (let r = 0; r < e.length; r++) n[r] = xr(e[r], t);
		} else n = e.slice();
	} else if (e instanceof yr) n = e.slice();
	else if (t(e)) {
		n = {};
		for (let r in e) r != br && (n[r] = xr(e[r], t));
	} else n = e;
	return n;
}
function Sr(e) {
	let t = arguments;
	for (let n = 1; n < t.length; n++) {
		let r = t[n];
		for (let t in r) t != br && (_r(e[t]) ? Sr(e[t], xr(r[t])) : e[t] = xr(r[t]));
	}
	return e;
}
var Cr = 0, wr = 1, Tr = 2;
function Er(e, t, n) {
	for (let r = 0, i, a = -1; r < t.length; r++) {
		let o = t[r];
		if (o > a) {
			for (i = o - 1; i >= 0 && e[i] == null;) e[i--] = null;
			for (i = o + 1; i < n && e[i] == null;) e[a = i++] = null;
		}
	}
}
function Dr(e, t) {
	if (Ar(e)) {
		let t = e[0].slice();
		for (let n = 1; n < e.length; n++) t.push(...e[n].slice(1));
		return jr(t[0]) || (t = kr(t)), t;
	}
	let n = /* @__PURE__ */ new Set();
	for (let t = 0; t < e.length; t++) {
		let r = e[t][0], i = r.length;
		for (let e = 0; e < i; e++) n.add(r[e]);
	}
	let r = [Array.from(n).sort((e, t) => e - t)], i = r[0].length, a = /* @__PURE__ */ new Map();
	for (let e = 0; e < i; e++) a.set(r[0][e], e);
	for (let n = 0; n < e.length; n++) {
		let o = e[n], s = o[0];
		for (let e = 1; e < o.length; e++) {
			let c = o[e], l = Array(i).fill(void 0), u = t ? t[n][e] : wr, d = [];
			for (let e = 0; e < c.length; e++) {
				let t = c[e], n = a.get(s[e]);
				t === null ? u != Cr && (l[n] = t, u == Tr && d.push(n)) : l[n] = t;
			}
			Er(l, d, i), r.push(l);
		}
	}
	return r;
}
var Or = typeof queueMicrotask > "u" ? (e) => Promise.resolve().then(e) : queueMicrotask;
function kr(e) {
	let t = e[0], n = t.length, r = Array(n);
	for (let e = 0; e < r.length; e++) r[e] = e;
	r.sort((e, n) => t[e] - t[n]);
	let i = [];
	for (let t = 0; t < e.length; t++) {
		let a = e[t], o = Array(n);
		for (let e = 0; e < n; e++) o[e] = a[r[e]];
		i.push(o);
	}
	return i;
}
function Ar(e) {
	let t = e[0][0], n = t.length;
	for (let r = 1; r < e.length; r++) {
		let i = e[r][0];
		if (i.length != n) return !1;
		if (i != t) {
			for (let e = 0; e < n; e++) if (i[e] != t[e]) return !1;
		}
	}
	return !0;
}
function jr(e, t = 100) {
	let n = e.length;
	if (n <= 1) return !0;
	let r = 0, i = n - 1;
	for (; r <= i && e[r] == null;) r++;
	for (; i >= r && e[i] == null;) i--;
	if (i <= r) return !0;
	let a = zn(1, Fn((i - r + 1) / t));
	for (let t = e[r], n = r + a; n <= i; n += a) {
		let r = e[n];
		if (r != null) {
			if (r <= t) return !1;
			t = r;
		}
	}
	return !0;
}
var Mr = [
	"January",
	"February",
	"March",
	"April",
	"May",
	"June",
	"July",
	"August",
	"September",
	"October",
	"November",
	"December"
], Nr = [
	"Sunday",
	"Monday",
	"Tuesday",
	"Wednesday",
	"Thursday",
	"Friday",
	"Saturday"
];
function Pr(e) {
	return e.slice(0, 3);
}
var X = Nr.map(Pr), Fr = {
	MMMM: Mr,
	MMM: Mr.map(Pr),
	WWWW: Nr,
	WWW: X
};
function Ir(e) {
	return (e < 10 ? "0" : "") + e;
}
function Lr(e) {
	return (e < 10 ? "00" : e < 100 ? "0" : "") + e;
}
var Rr = {
	YYYY: (e) => e.getFullYear(),
	YY: (e) => (e.getFullYear() + "").slice(2),
	MMMM: (e, t) => t.MMMM[e.getMonth()],
	MMM: (e, t) => t.MMM[e.getMonth()],
	MM: (e) => Ir(e.getMonth() + 1),
	M: (e) => e.getMonth() + 1,
	DD: (e) => Ir(e.getDate()),
	D: (e) => e.getDate(),
	WWWW: (e, t) => t.WWWW[e.getDay()],
	WWW: (e, t) => t.WWW[e.getDay()],
	HH: (e) => Ir(e.getHours()),
	H: (e) => e.getHours(),
	h: (e) => {
		let t = e.getHours();
		return t == 0 ? 12 : t > 12 ? t - 12 : t;
	},
	AA: (e) => e.getHours() >= 12 ? "PM" : "AM",
	aa: (e) => e.getHours() >= 12 ? "pm" : "am",
	a: (e) => e.getHours() >= 12 ? "p" : "a",
	mm: (e) => Ir(e.getMinutes()),
	m: (e) => e.getMinutes(),
	ss: (e) => Ir(e.getSeconds()),
	s: (e) => e.getSeconds(),
	fff: (e) => Lr(e.getMilliseconds())
};
function zr(e, t) {
	t ||= Fr;
	let n = [], r = /\{([a-z]+)\}|[^{]+/gi, i;
	for (; i = r.exec(e);) n.push(i[0][0] == "{" ? Rr[i[1]] : i[0]);
	return (e) => {
		let r = "";
		for (let i = 0; i < n.length; i++) r += typeof n[i] == "string" ? n[i] : n[i](e, t);
		return r;
	};
}
var Br = new Intl.DateTimeFormat().resolvedOptions().timeZone;
function Z(e, t) {
	let n;
	return t == "UTC" || t == "Etc/UTC" ? n = /* @__PURE__ */ new Date(+e + e.getTimezoneOffset() * 6e4) : t == Br ? n = e : (n = new Date(e.toLocaleString("en-US", { timeZone: t })), n.setMilliseconds(e.getMilliseconds())), n;
}
var Vr = (e) => e % 1 == 0, Hr = [
	1,
	2,
	2.5,
	5
], Ur = lr(10, -32, 0, Hr), Wr = lr(10, 0, 32, Hr), Gr = Wr.filter(Vr), Kr = Ur.concat(Wr), qr = "\n", Jr = "{YYYY}", Yr = qr + Jr, Xr = "{M}/{D}", Zr = qr + Xr, Qr = Zr + "/{YY}", $r = "{aa}", ei = "{h}:{mm}" + $r, ti = qr + ei, ni = ":{ss}", Q = null;
function ri(e) {
	let t = e * 1e3, n = t * 60, r = n * 60, i = r * 24, a = i * 30, o = i * 365, s = (e == 1 ? lr(10, 0, 3, Hr).filter(Vr) : lr(10, -3, 0, Hr)).concat([
		t,
		t * 5,
		t * 10,
		t * 15,
		t * 30,
		n,
		n * 5,
		n * 10,
		n * 15,
		n * 30,
		r,
		r * 2,
		r * 3,
		r * 4,
		r * 6,
		r * 8,
		r * 12,
		i,
		i * 2,
		i * 3,
		i * 4,
		i * 5,
		i * 6,
		i * 7,
		i * 8,
		i * 9,
		i * 10,
		i * 15,
		a,
		a * 2,
		a * 3,
		a * 4,
		a * 6,
		o,
		o * 2,
		o * 5,
		o * 10,
		o * 25,
		o * 50,
		o * 100
	]), c = [
		[
			o,
			Jr,
			Q,
			Q,
			Q,
			Q,
			Q,
			Q,
			1
		],
		[
			i * 28,
			"{MMM}",
			Yr,
			Q,
			Q,
			Q,
			Q,
			Q,
			1
		],
		[
			i,
			Xr,
			Yr,
			Q,
			Q,
			Q,
			Q,
			Q,
			1
		],
		[
			r,
			"{h}" + $r,
			Qr,
			Q,
			Zr,
			Q,
			Q,
			Q,
			1
		],
		[
			n,
			ei,
			Qr,
			Q,
			Zr,
			Q,
			Q,
			Q,
			1
		],
		[
			t,
			ni,
			Qr + " " + ei,
			Q,
			Zr + " " + ei,
			Q,
			ti,
			Q,
			1
		],
		[
			e,
			ni + ".{fff}",
			Qr + " " + ei,
			Q,
			Zr + " " + ei,
			Q,
			ti,
			Q,
			1
		]
	];
	function l(t) {
		return (s, c, l, u, d, f) => {
			let p = [], m = d >= o, h = d >= a && d < o, g = t(l), _ = Y(g * e, 3), v = pi(g.getFullYear(), m ? 0 : g.getMonth(), h || m ? 1 : g.getDate()), y = Y(v * e, 3);
			if (h || m) {
				let n = h ? d / a : 0, r = m ? d / o : 0, i = _ == y ? _ : Y(pi(v.getFullYear() + r, v.getMonth() + n, 1) * e, 3), s = new Date(In(i / e)), c = s.getFullYear(), l = s.getMonth();
				for (let a = 0; i <= u; a++) {
					let o = pi(c + r * a, l + n * a, 1), s = o - t(Y(o * e, 3));
					i = Y((+o + s) * e, 3), i <= u && p.push(i);
				}
			} else {
				let a = d >= i ? i : d, o = y + (Fn(l) - Fn(_)) + ar(_ - y, a);
				p.push(o);
				let m = t(o), h = m.getHours() + m.getMinutes() / n + m.getSeconds() / r, g = d / r, v = f / s.axes[c]._space;
				for (; o = Y(o + d, e == 1 ? 0 : 3), !(o > u);) if (g > 1) {
					let e = Fn(Y(h + g, 6)) % 24, n = t(o).getHours() - e;
					n > 1 && (n = -1), o -= n * r, h = (h + g) % 24;
					let i = p[p.length - 1];
					Y((o - i) / d, 3) * v >= .7 && p.push(o);
				} else p.push(o);
			}
			return p;
		};
	}
	return [
		s,
		c,
		l
	];
}
var [ii, ai, oi] = ri(1), [si, ci, li] = ri(.001);
lr(2, -53, 53, [1]);
function ui(e, t) {
	return e.map((e) => e.map((n, r) => r == 0 || r == 8 || n == null ? n : t(r == 1 || e[8] == 0 ? n : e[1] + n)));
}
function di(e, t) {
	return (n, r, i, a, o) => {
		let s = t.find((e) => o >= e[0]) || t[t.length - 1], c, l, u, d, f, p;
		return r.map((t) => {
			let n = e(t), r = n.getFullYear(), i = n.getMonth(), a = n.getDate(), o = n.getHours(), m = n.getMinutes(), h = n.getSeconds(), g = r != c && s[2] || i != l && s[3] || a != u && s[4] || o != d && s[5] || m != f && s[6] || h != p && s[7] || s[1];
			return c = r, l = i, u = a, d = o, f = m, p = h, g(n);
		});
	};
}
function fi(e, t) {
	let n = zr(t);
	return (t, r, i, a, o) => r.map((t) => n(e(t)));
}
function pi(e, t, n) {
	return new Date(e, t, n);
}
function mi(e, t) {
	return t(e);
}
var hi = "{YYYY}-{MM}-{DD} {h}:{mm}{aa}";
function gi(e, t) {
	return (n, r, i, a) => a == null ? Kt : t(e(r));
}
function _i(e, t) {
	let n = e.series[t];
	return n.width ? n.stroke(e, t) : n.points.width ? n.points.stroke(e, t) : null;
}
function vi(e, t) {
	return e.series[t].fill(e, t);
}
var yi = {
	show: !0,
	live: !0,
	isolate: !1,
	mount: Xn,
	markers: {
		show: !0,
		width: 2,
		stroke: _i,
		fill: vi,
		dash: "solid"
	},
	idx: null,
	idxs: null,
	values: []
};
function bi(e, t) {
	let n = e.cursor.points, r = nn(), i = n.size(e, t);
	K(r, Ot, i), K(r, kt, i);
	let a = i / -2;
	K(r, "marginLeft", a), K(r, "marginTop", a);
	let o = n.width(e, t, i);
	return o && K(r, "borderWidth", o), r;
}
function xi(e, t) {
	let n = e.series[t].points;
	return n._fill || n._stroke;
}
function Si(e, t) {
	let n = e.series[t].points;
	return n._stroke || n._fill;
}
function Ci(e, t) {
	return e.series[t].points.size;
}
var wi = [0, 0];
function Ti(e, t, n) {
	return wi[0] = t, wi[1] = n, wi;
}
function Ei(e, t, n, r = !0) {
	return (e) => {
		e.button != 0 || r && e.target != t || n(e);
	};
}
function Di(e, t, n, r = !0) {
	return (e) => {
		r && e.target != t || n(e);
	};
}
var Oi = {
	show: !0,
	x: !0,
	y: !0,
	lock: !1,
	move: Ti,
	points: {
		one: !1,
		show: bi,
		size: Ci,
		width: 0,
		stroke: Si,
		fill: xi
	},
	bind: {
		mousedown: Ei,
		mouseup: Ei,
		click: Ei,
		dblclick: Ei,
		mousemove: Di,
		mouseleave: Di,
		mouseenter: Di
	},
	drag: {
		setScale: !0,
		x: !0,
		y: !1,
		dist: 0,
		uni: null,
		click: (e, t) => {
			t.stopPropagation(), t.stopImmediatePropagation();
		},
		_x: !1,
		_y: !1
	},
	focus: {
		dist: (e, t, n, r, i) => r - i,
		prox: -1,
		bias: 0
	},
	hover: {
		skip: [void 0],
		prox: null,
		bias: 0
	},
	left: -10,
	top: -10,
	idx: null,
	dataIdx: null,
	idxs: null,
	event: null
}, ki = {
	show: !0,
	stroke: "rgba(0,0,0,0.07)",
	width: 2
}, Ai = Sr({}, ki, { filter: Qn }), ji = Sr({}, Ai, { size: 10 }), Mi = Sr({}, ki, { show: !1 }), Ni = "12px system-ui, -apple-system, \"Segoe UI\", Roboto, \"Helvetica Neue\", Arial, \"Noto Sans\", sans-serif, \"Apple Color Emoji\", \"Segoe UI Emoji\", \"Segoe UI Symbol\", \"Noto Color Emoji\"", Pi = "bold " + Ni, Fi = 1.5, Ii = {
	show: !0,
	scale: "x",
	stroke: Pt,
	space: 50,
	gap: 5,
	alignTo: 1,
	size: 50,
	labelGap: 0,
	labelSize: 30,
	labelFont: Pi,
	side: 2,
	grid: Ai,
	ticks: ji,
	border: Mi,
	font: Ni,
	lineGap: Fi,
	rotate: 0
}, Li = "Value", Ri = "Time", zi = {
	show: !0,
	scale: "x",
	auto: !1,
	sorted: 1,
	min: Kn,
	max: -Infinity,
	idxs: []
};
function Bi(e, t, n, r, i) {
	return t.map((e) => e == null ? "" : jn(e));
}
function Vi(e, t, n, r, i, a, o) {
	let s = [], c = sr.get(i) || 0;
	n = o ? n : Y(ar(n, i), c);
	for (let e = n; e <= r; e = Y(e + i, c)) s.push(Object.is(e, -0) ? 0 : e);
	return s;
}
function Hi(e, t, n, r, i, a, o) {
	let s = [], c = e.scales[e.axes[t].scale].log;
	i = Bn(c, Fn((c == 10 ? Hn : Un)(n))), c == 10 && (i = Kr[mn(i, Kr)]);
	let l = n, u = i * c;
	c == 10 && (u = Kr[mn(u, Kr)]);
	do
		s.push(l), l += i, c == 10 && !sr.has(l) && (l = Y(l, sr.get(i))), l >= u && (i = l, u = i * c, c == 10 && (u = Kr[mn(u, Kr)]));
	while (l <= r);
	return s;
}
function Ui(e, t, n, r, i, a, o) {
	let s = e.scales[e.axes[t].scale].asinh, c = r > s ? Hi(e, t, zn(s, n), r, i) : [s], l = r >= 0 && n <= 0 ? [0] : [];
	return (n < -s ? Hi(e, t, zn(s, -r), -n, i) : [s]).reverse().map((e) => -e).concat(l, c);
}
var Wi = /./, Gi = /[12357]/, Ki = /[125]/, qi = /1/, Ji = (e, t, n, r) => e.map((e, i) => t == 4 && e == 0 || i % r == 0 && n.test(e.toExponential()[+(e < 0)]) ? e : null);
function Yi(e, t, n, r, i) {
	let a = e.axes[n], o = a.scale, s = e.scales[o], c = e.valToPos, l = a._space, u = c(10, o), d = c(9, o) - u >= l ? Wi : c(7, o) - u >= l ? Gi : c(5, o) - u >= l ? Ki : qi;
	if (d == qi) {
		let e = Pn(c(1, o) - u);
		if (e < l) return Ji(t.slice().reverse(), s.distr, d, Ln(l / e)).reverse();
	}
	return Ji(t, s.distr, d, 1);
}
function Xi(e, t, n, r, i) {
	let a = e.axes[n], o = a.scale, s = a._space, c = e.valToPos, l = Pn(c(1, o) - c(2, o));
	return l < s ? Ji(t.slice().reverse(), 3, Wi, Ln(s / l)).reverse() : t;
}
function Zi(e, t, n, r) {
	return r == null ? Kt : t == null ? "" : jn(t);
}
var Qi = {
	show: !0,
	scale: "y",
	stroke: Pt,
	space: 30,
	gap: 5,
	alignTo: 1,
	size: 50,
	labelGap: 0,
	labelSize: 30,
	labelFont: Pi,
	side: 3,
	grid: Ai,
	ticks: ji,
	border: Mi,
	font: Ni,
	lineGap: Fi,
	rotate: 0
};
function $i(e, t) {
	return Y((3 + (e || 1) * 2) * t, 3);
}
function ea(e, t) {
	let { scale: n, idxs: r } = e.series[0], i = e._data[0], a = e.valToPos(i[r[0]], n, !0), o = Pn(e.valToPos(i[r[1]], n, !0) - a) / (e.series[t].points.space * G);
	return r[1] - r[0] <= o;
}
var ta = {
	scale: null,
	auto: !0,
	sorted: 0,
	min: Kn,
	max: -Infinity
}, na = (e, t, n, r, i) => i, ra = {
	show: !0,
	auto: !0,
	sorted: 0,
	gaps: na,
	alpha: 1,
	facets: [Sr({}, ta, { scale: "x" }), Sr({}, ta, { scale: "y" })]
}, ia = {
	scale: "y",
	auto: !0,
	sorted: 0,
	show: !0,
	spanGaps: !1,
	gaps: na,
	alpha: 1,
	points: {
		show: ea,
		filter: null
	},
	values: null,
	min: Kn,
	max: -Infinity,
	idxs: [],
	path: null,
	clip: null
};
function aa(e, t, n, r, i) {
	return n / 10;
}
var oa = {
	time: st,
	auto: !0,
	distr: 1,
	log: 10,
	asinh: 1,
	min: null,
	max: null,
	dir: 1,
	ori: 0
}, sa = Sr({}, oa, {
	time: !1,
	ori: 1
}), ca = {};
function la(e, t) {
	let n = ca[e];
	return n || (n = {
		key: e,
		plots: [],
		sub(e) {
			n.plots.push(e);
		},
		unsub(e) {
			n.plots = n.plots.filter((t) => t != e);
		},
		pub(e, t, r, i, a, o, s) {
			for (let c = 0; c < n.plots.length; c++) n.plots[c] != t && n.plots[c].pub(e, t, r, i, a, o, s);
		}
	}, e != null && (ca[e] = n)), n;
}
var ua = 1, da = 2;
function $(e, t, n) {
	let r = e.mode, i = e.series[t], a = r == 2 ? e._data[t] : e._data, o = e.scales, s = e.bbox, c = a[0], l = r == 2 ? a[1] : a[t], u = r == 2 ? o[i.facets[0].scale] : o[e.series[0].scale], d = r == 2 ? o[i.facets[1].scale] : o[i.scale], f = s.left, p = s.top, m = s.width, h = s.height, g = e.valToPosH, _ = e.valToPosV;
	return u.ori == 0 ? n(i, c, l, u, d, g, _, f, p, m, h, ba, Sa, wa, Ea, Oa) : n(i, c, l, u, d, _, g, p, f, h, m, xa, Ca, Ta, Da, ka);
}
function fa(e, t) {
	let n = 0, r = 0, i = q(e.bands, dr);
	for (let e = 0; e < i.length; e++) {
		let a = i[e];
		a.series[0] == t ? n = a.dir : a.series[1] == t && (a.dir == 1 ? r |= 1 : r |= 2);
	}
	return [n, r == 1 ? -1 : r == 2 ? 1 : r == 3 ? 2 : 0];
}
function pa(e, t, n, r, i) {
	let a = e.mode, o = e.series[t], s = a == 2 ? o.facets[1].scale : o.scale, c = e.scales[s];
	return i == -1 ? c.min : i == 1 ? c.max : c.distr == 3 ? c.dir == 1 ? c.min : c.max : 0;
}
function ma(e, t, n, r, i, a) {
	return $(e, t, (e, t, o, s, c, l, u, d, f, p, m) => {
		let h = e.pxRound, g = s.dir * (s.ori == 0 ? 1 : -1), _ = s.ori == 0 ? Sa : Ca, v, y;
		g == 1 ? (v = n, y = r) : (v = r, y = n);
		let b = h(l(t[v], s, p, d)), x = h(u(o[v], c, m, f)), S = h(l(t[y], s, p, d)), C = h(u(a == 1 ? c.max : c.min, c, m, f)), w = new Path2D(i);
		return _(w, S, C), _(w, b, C), _(w, b, x), w;
	});
}
function ha(e, t, n, r, i, a) {
	let o = null;
	if (e.length > 0) {
		o = new Path2D();
		let s = t == 0 ? wa : Ta, c = n;
		for (let t = 0; t < e.length; t++) {
			let n = e[t];
			if (n[1] > n[0]) {
				let e = n[0] - c;
				e > 0 && s(o, c, r, e, r + a), c = n[1];
			}
		}
		let l = n + i - c;
		l > 0 && s(o, c, r - 5, l, r + a + 10);
	}
	return o;
}
function ga(e, t, n) {
	let r = e[e.length - 1];
	r && r[0] == t ? r[1] = n : e.push([t, n]);
}
function _a(e, t, n, r, i, a, o) {
	let s = [], c = e.length;
	for (let l = i == 1 ? n : r; l >= n && l <= r; l += i) if (t[l] === null) {
		let u = l, d = l;
		if (i == 1) for (; ++l <= r && t[l] === null;) d = l;
		else for (; --l >= n && t[l] === null;) d = l;
		let f = a(e[u]), p = d == u ? f : a(e[d]), m = u - i;
		f = o <= 0 && m >= 0 && m < c ? a(e[m]) : f;
		let h = d + i;
		p = o >= 0 && h >= 0 && h < c ? a(e[h]) : p, p >= f && s.push([f, p]);
	}
	return s;
}
function va(e) {
	return e == 0 ? Zn : e == 1 ? In : (t) => ir(t, e);
}
function ya(e) {
	let t = e == 0 ? ba : xa, n = e == 0 ? (e, t, n, r, i, a) => {
		e.arcTo(t, n, r, i, a);
	} : (e, t, n, r, i, a) => {
		e.arcTo(n, t, i, r, a);
	}, r = e == 0 ? (e, t, n, r, i) => {
		e.rect(t, n, r, i);
	} : (e, t, n, r, i) => {
		e.rect(n, t, i, r);
	};
	return (e, i, a, o, s, c = 0, l = 0) => {
		c == 0 && l == 0 ? r(e, i, a, o, s) : (c = Rn(c, o / 2, s / 2), l = Rn(l, o / 2, s / 2), t(e, i + c, a), n(e, i + o, a, i + o, a + s, c), n(e, i + o, a + s, i, a + s, l), n(e, i, a + s, i, a, l), n(e, i, a, i + o, a, c), e.closePath());
	};
}
var ba = (e, t, n) => {
	e.moveTo(t, n);
}, xa = (e, t, n) => {
	e.moveTo(n, t);
}, Sa = (e, t, n) => {
	e.lineTo(t, n);
}, Ca = (e, t, n) => {
	e.lineTo(n, t);
}, wa = ya(0), Ta = ya(1), Ea = (e, t, n, r, i, a) => {
	e.arc(t, n, r, i, a);
}, Da = (e, t, n, r, i, a) => {
	e.arc(n, t, r, i, a);
}, Oa = (e, t, n, r, i, a, o) => {
	e.bezierCurveTo(t, n, r, i, a, o);
}, ka = (e, t, n, r, i, a, o) => {
	e.bezierCurveTo(n, t, i, r, o, a);
};
function Aa(e) {
	return (e, t, n, r, i) => $(e, t, (t, a, o, s, c, l, u, d, f, p, m) => {
		let { pxRound: h, points: g } = t, _, v;
		s.ori == 0 ? (_ = ba, v = Ea) : (_ = xa, v = Da);
		let y = Y(g.width * G, 3), b = (g.size - g.width) / 2 * G, x = Y(b * 2, 3), S = new Path2D(), C = new Path2D(), { left: w, top: ee, width: T, height: E } = e.bbox;
		wa(C, w - x, ee - x, T + x * 2, E + x * 2);
		let D = (e) => {
			if (o[e] != null) {
				let t = h(l(a[e], s, p, d)), n = h(u(o[e], c, m, f));
				_(S, t + b, n), v(S, t, n, b, 0, Nn * 2);
			}
		};
		if (i) i.forEach(D);
		else for (let e = n; e <= r; e++) D(e);
		return {
			stroke: y > 0 ? S : null,
			fill: S,
			clip: C,
			flags: 3
		};
	});
}
function ja(e) {
	return (t, n, r, i, a, o) => {
		r != i && (a != r && o != r && e(t, n, r), a != i && o != i && e(t, n, i), e(t, n, o));
	};
}
var Ma = ja(Sa), Na = ja(Ca);
function Pa(e) {
	let t = q(e?.alignGaps, 0);
	return (e, n, r, i) => $(e, n, (a, o, s, c, l, u, d, f, p, m, h) => {
		[r, i] = vn(s, r, i);
		let g = a.pxRound, _ = (e) => g(u(e, c, m, f)), v = (e) => g(d(e, l, h, p)), y, b;
		c.ori == 0 ? (y = Sa, b = Ma) : (y = Ca, b = Na);
		let x = c.dir * (c.ori == 0 ? 1 : -1), S = {
			stroke: new Path2D(),
			fill: null,
			clip: null,
			band: null,
			gaps: null,
			flags: ua
		}, C = S.stroke, w = !1;
		if (i - r >= m * 4) {
			let t = (t) => e.posToVal(t, c.key, !0), n = null, a = null, l, u, d, f = _(o[x == 1 ? r : i]), p = _(o[r]), m = _(o[i]), h = t(x == 1 ? p + 1 : m - 1);
			for (let e = x == 1 ? r : i; e >= r && e <= i; e += x) {
				let r = o[e], i = (x == 1 ? r < h : r > h) ? f : _(r), c = s[e];
				i == f ? c == null ? c === null && (w = !0) : (u = c, n == null ? (y(C, i, v(u)), l = n = a = u) : u < n ? n = u : u > a && (a = u)) : (n != null && b(C, f, v(n), v(a), v(l), v(u)), c == null ? (n = a = null, c === null && (w = !0)) : (u = c, y(C, i, v(u)), n = a = l = u), f = i, h = t(f + x));
			}
			n != null && n != a && d != f && b(C, f, v(n), v(a), v(l), v(u));
		} else for (let e = x == 1 ? r : i; e >= r && e <= i; e += x) {
			let t = s[e];
			t === null ? w = !0 : t != null && y(C, _(o[e]), v(t));
		}
		let [ee, T] = fa(e, n);
		if (a.fill != null || ee != 0) {
			let t = S.fill = new Path2D(C), s = v(a.fillTo(e, n, a.min, a.max, ee)), c = _(o[r]), l = _(o[i]);
			x == -1 && ([l, c] = [c, l]), y(t, l, s), y(t, c, s);
		}
		if (!a.spanGaps) {
			let l = [];
			w && l.push(..._a(o, s, r, i, x, _, t)), S.gaps = l = a.gaps(e, n, r, i, l), S.clip = ha(l, c.ori, f, p, m, h);
		}
		return T != 0 && (S.band = T == 2 ? [ma(e, n, r, i, C, -1), ma(e, n, r, i, C, 1)] : ma(e, n, r, i, C, T)), S;
	});
}
function Fa(e) {
	let t = q(e.align, 1), n = q(e.ascDesc, !1), r = q(e.alignGaps, 0), i = q(e.extend, !1);
	return (e, a, o, s) => $(e, a, (c, l, u, d, f, p, m, h, g, _, v) => {
		[o, s] = vn(u, o, s);
		let y = c.pxRound, { left: b, width: x } = e.bbox, S = (e) => y(p(e, d, _, h)), C = (e) => y(m(e, f, v, g)), w = d.ori == 0 ? Sa : Ca, ee = {
			stroke: new Path2D(),
			fill: null,
			clip: null,
			band: null,
			gaps: null,
			flags: ua
		}, T = ee.stroke, E = d.dir * (d.ori == 0 ? 1 : -1), D = C(u[E == 1 ? o : s]), O = S(l[E == 1 ? o : s]), te = O, k = O;
		i && t == -1 && (k = b, w(T, k, D)), w(T, O, D);
		for (let e = E == 1 ? o : s; e >= o && e <= s; e += E) {
			let n = u[e];
			if (n == null) continue;
			let r = S(l[e]), i = C(n);
			t == 1 ? w(T, r, D) : w(T, te, i), w(T, r, i), D = i, te = r;
		}
		let A = te;
		i && t == 1 && (A = b + x, w(T, A, D));
		let [ne, re] = fa(e, a);
		if (c.fill != null || ne != 0) {
			let t = ee.fill = new Path2D(T), n = C(c.fillTo(e, a, c.min, c.max, ne));
			w(t, A, n), w(t, k, n);
		}
		if (!c.spanGaps) {
			let i = [];
			i.push(..._a(l, u, o, s, E, S, r));
			let f = c.width * G / 2, p = n || t == 1 ? f : -f, m = n || t == -1 ? -f : f;
			i.forEach((e) => {
				e[0] += p, e[1] += m;
			}), ee.gaps = i = c.gaps(e, a, o, s, i), ee.clip = ha(i, d.ori, h, g, _, v);
		}
		return re != 0 && (ee.band = re == 2 ? [ma(e, a, o, s, T, -1), ma(e, a, o, s, T, 1)] : ma(e, a, o, s, T, re)), ee;
	});
}
function Ia(e, t, n, r, i, a, o = Kn) {
	if (e.length > 1) {
		let s = null;
		for (let c = 0, l = Infinity; c < e.length; c++) if (t[c] !== void 0) {
			if (s != null) {
				let t = Pn(e[c] - e[s]);
				t < l && (l = t, o = Pn(n(e[c], r, i, a) - n(e[s], r, i, a)));
			}
			s = c;
		}
	}
	return o;
}
function La(e) {
	e ||= ur;
	let t = q(e.size, [
		.6,
		Kn,
		1
	]), n = e.align || 0, r = e.gap || 0, i = e.radius;
	i = i == null ? [0, 0] : typeof i == "number" ? [i, 0] : i;
	let a = J(i), o = 1 - t[0], s = q(t[1], Kn), c = q(t[2], 1), l = q(e.disp, ur), u = q(e.each, (e) => {}), { fill: d, stroke: f } = l;
	return (e, t, i, p) => $(e, t, (m, h, g, _, v, y, b, x, S, C, w) => {
		let ee = m.pxRound, T = n, E = r * G, D = s * G, O = c * G, te, k;
		_.ori == 0 ? [te, k] = a(e, t) : [k, te] = a(e, t);
		let A = _.dir * (_.ori == 0 ? 1 : -1), ne = _.ori == 0 ? wa : Ta, re = _.ori == 0 ? u : (e, t, n, r, i, a, o) => {
			u(e, t, n, i, r, o, a);
		}, ie = q(e.bands, dr).find((e) => e.series[0] == t), ae = ie == null ? 0 : ie.dir, oe = m.fillTo(e, t, m.min, m.max, ae), j = ee(b(oe, v, w, S)), M, se, N, P = C, F = ee(m.width * G), ce = !1, le = null, I = null, ue = null, de = null;
		d != null && (F == 0 || f != null) && (ce = !0, le = d.values(e, t, i, p), I = /* @__PURE__ */ new Map(), new Set(le).forEach((e) => {
			e != null && I.set(e, new Path2D());
		}), F > 0 && (ue = f.values(e, t, i, p), de = /* @__PURE__ */ new Map(), new Set(ue).forEach((e) => {
			e != null && de.set(e, new Path2D());
		})));
		let { x0: L, size: fe } = l;
		if (L != null && fe != null) {
			T = 1, h = L.values(e, t, i, p), L.unit == 2 && (h = h.map((t) => e.posToVal(x + t * C, _.key, !0)));
			let n = fe.values(e, t, i, p);
			se = fe.unit == 2 ? n[0] * C : y(n[0], _, C, x) - y(0, _, C, x), P = Ia(h, g, y, _, C, x, P), N = P - se + E;
		} else P = Ia(h, g, y, _, C, x, P), N = P * o + E, se = P - N;
		N < 1 && (N = 0), F >= se / 2 && (F = 0), N < 5 && (ee = Zn);
		let pe = N > 0, me = P - N - (pe ? F : 0);
		se = ee(Jn(me, O, D)), M = (T == 0 ? se / 2 : T == A ? 0 : se) - T * A * ((T == 0 ? E / 2 : 0) + (pe ? F / 2 : 0));
		let he = {
			stroke: null,
			fill: null,
			clip: null,
			band: null,
			gaps: null,
			flags: 0
		}, ge = ce ? null : new Path2D(), _e = null;
		if (ie != null) _e = e.data[ie.series[1]];
		else {
			let { y0: n, y1: r } = l;
			n != null && r != null && (g = r.values(e, t, i, p), _e = n.values(e, t, i, p));
		}
		let ve = te * se, ye = k * se;
		for (let n = A == 1 ? i : p; n >= i && n <= p; n += A) {
			let r = g[n];
			if (r == null) continue;
			if (_e != null) {
				let e = _e[n] ?? 0;
				if (r - e == 0) continue;
				j = b(e, v, w, S);
			}
			let i = y(_.distr != 2 || l != null ? h[n] : n, _, C, x), a = b(q(r, oe), v, w, S), o = ee(i - M), s = ee(zn(a, j)), c = ee(Rn(a, j)), u = s - c;
			if (r != null) {
				let i = r < 0 ? ye : ve, a = r < 0 ? ve : ye;
				ce ? (F > 0 && ue[n] != null && ne(de.get(ue[n]), o, c + Fn(F / 2), se, zn(0, u - F), i, a), le[n] != null && ne(I.get(le[n]), o, c + Fn(F / 2), se, zn(0, u - F), i, a)) : ne(ge, o, c + Fn(F / 2), se, zn(0, u - F), i, a), re(e, t, n, o - F / 2, c, se + F, u);
			}
		}
		return F > 0 ? he.stroke = ce ? de : ge : ce || (he._fill = m.width == 0 ? m._fill : m._stroke ?? m._fill, he.width = 0), he.fill = ce ? I : ge, he;
	});
}
function Ra(e, t) {
	let n = q(t?.alignGaps, 0);
	return (t, r, i, a) => $(t, r, (o, s, c, l, u, d, f, p, m, h, g) => {
		[i, a] = vn(c, i, a);
		let _ = o.pxRound, v = (e) => _(d(e, l, h, p)), y = (e) => _(f(e, u, g, m)), b, x, S;
		l.ori == 0 ? (b = ba, S = Sa, x = Oa) : (b = xa, S = Ca, x = ka);
		let C = l.dir * (l.ori == 0 ? 1 : -1), w = v(s[C == 1 ? i : a]), ee = w, T = [], E = [];
		for (let e = C == 1 ? i : a; e >= i && e <= a; e += C) if (c[e] != null) {
			let t = s[e], n = v(t);
			T.push(ee = n), E.push(y(c[e]));
		}
		let D = {
			stroke: e(T, E, b, S, x, _),
			fill: null,
			clip: null,
			band: null,
			gaps: null,
			flags: ua
		}, O = D.stroke, [te, k] = fa(t, r);
		if (o.fill != null || te != 0) {
			let e = D.fill = new Path2D(O), n = y(o.fillTo(t, r, o.min, o.max, te));
			S(e, ee, n), S(e, w, n);
		}
		if (!o.spanGaps) {
			let e = [];
			e.push(..._a(s, c, i, a, C, v, n)), D.gaps = e = o.gaps(t, r, i, a, e), D.clip = ha(e, l.ori, p, m, h, g);
		}
		return k != 0 && (D.band = k == 2 ? [ma(t, r, i, a, O, -1), ma(t, r, i, a, O, 1)] : ma(t, r, i, a, O, k)), D;
	});
}
function za(e) {
	return Ra(Ba, e);
}
function Ba(e, t, n, r, i, a) {
	let o = e.length;
	if (o < 2) return null;
	let s = new Path2D();
	if (n(s, e[0], t[0]), o == 2) r(s, e[1], t[1]);
	else {
		let n = Array(o), r = Array(o - 1), a = Array(o - 1), c = Array(o - 1);
		for (let n = 0; n < o - 1; n++) a[n] = t[n + 1] - t[n], c[n] = e[n + 1] - e[n], r[n] = a[n] / c[n];
		n[0] = r[0];
		for (let e = 1; e < o - 1; e++) r[e] === 0 || r[e - 1] === 0 || r[e - 1] > 0 != r[e] > 0 ? n[e] = 0 : (n[e] = 3 * (c[e - 1] + c[e]) / ((2 * c[e] + c[e - 1]) / r[e - 1] + (c[e] + 2 * c[e - 1]) / r[e]), isFinite(n[e]) || (n[e] = 0));
		n[o - 1] = r[o - 2];
		for (let r = 0; r < o - 1; r++) i(s, e[r] + c[r] / 3, t[r] + n[r] * c[r] / 3, e[r + 1] - c[r] / 3, t[r + 1] - n[r + 1] * c[r] / 3, e[r + 1], t[r + 1]);
	}
	return s;
}
var Va = /* @__PURE__ */ new Set();
function Ha() {
	for (let e of Va) e.syncRect(!0);
}
qt && (fn(Ht, Yt, Ha), fn(Ut, Yt, Ha, !0), fn(Gt, Yt, () => {
	io.pxRatio = G;
}));
var Ua = Pa(), Wa = Aa();
function Ga(e, t, n, r) {
	return (r ? [e[0], e[1]].concat(e.slice(2)) : [e[0]].concat(e.slice(1))).map((e, r) => qa(e, r, t, n));
}
function Ka(e, t) {
	return e.map((e, n) => n == 0 ? {} : Sr({}, t, e));
}
function qa(e, t, n, r) {
	return Sr({}, t == 0 ? n : r, e);
}
function Ja(e, t, n) {
	return t == null ? fr : [t, n];
}
var Ya = Ja;
function Xa(e, t, n) {
	return t == null ? fr : Dn(t, n, Cn, !0);
}
function Za(e, t, n, r) {
	return t == null ? fr : xn(t, n, e.scales[r].log, !1);
}
var Qa = Za;
function $a(e, t, n, r) {
	return t == null ? fr : Sn(t, n, e.scales[r].log, !1);
}
var eo = $a;
function to(e, t, n, r, i) {
	let a = zn(qn(e), qn(t)), o = t - e, s = mn(i / r * o, n);
	do {
		let e = n[s], t = r * e / o;
		if (t >= i && a + (e < 5 ? sr.get(e) : 0) <= 17) return [e, t];
	} while (++s < n.length);
	return [0, 0];
}
function no(e) {
	let t, n;
	return e = e.replace(/(\d+)px/, (e, r) => (t = In((n = +r) * G)) + "px"), [
		e,
		t,
		n
	];
}
function ro(e) {
	e.show && [e.font, e.labelFont].forEach((e) => {
		let t = Y(e[2] * G, 1);
		e[0] = e[0].replace(/[0-9.]+px/, t + "px"), e[1] = t;
	});
}
function io(e, t, n) {
	let r = { mode: q(e.mode, 1) }, i = r.mode;
	function a(e, t, n, r) {
		let i = t.valToPct(e);
		return r + n * (t.dir == -1 ? 1 - i : i);
	}
	function o(e, t, n, r) {
		let i = t.valToPct(e);
		return r + n * (t.dir == -1 ? i : 1 - i);
	}
	function s(e, t, n, r) {
		return t.ori == 0 ? a(e, t, n, r) : o(e, t, n, r);
	}
	r.valToPosH = a, r.valToPosV = o;
	let c = !1;
	r.status = 0;
	let l = r.root = nn(ct);
	if (e.id != null && (l.id = e.id), $t(l, e.class), e.title) {
		let t = nn(dt, l);
		t.textContent = e.title;
	}
	let u = tn("canvas"), d = r.ctx = u.getContext("2d"), f = nn(ft, l);
	fn("click", f, (e) => {
		e.target === m && (X != jr || Fr != Mr) && Lr.click(r, e);
	}, !0);
	let p = r.under = nn(pt, f);
	f.appendChild(u);
	let m = r.over = nn(mt, f);
	e = xr(e);
	let h = +q(e.pxAlign, 1), g = va(h);
	(e.plugins || []).forEach((t) => {
		t.opts && (e = t.opts(r, e) || e);
	});
	let _ = e.ms || .001, v = r.series = i == 1 ? Ga(e.series || [], zi, ia, !1) : Ka(e.series || [null], ra), y = r.axes = Ga(e.axes || [], Ii, Qi, !0), b = r.scales = {}, x = r.bands = e.bands || [];
	x.forEach((e) => {
		e.fill = J(e.fill || null), e.dir = q(e.dir, -1);
	});
	let S = i == 2 ? v[1].facets[0].scale : v[0].scale, C = {
		axes: Zn,
		series: Tn
	}, w = (e.drawOrder || ["axes", "series"]).map((e) => C[e]);
	function ee(e) {
		let t = e.distr == 3 ? (t) => Hn(t > 0 ? t : e.clamp(r, t, e.min, e.max, e.key)) : e.distr == 4 ? (t) => Gn(t, e.asinh) : e.distr == 100 ? (t) => e.fwd(t) : (e) => e;
		return (n) => {
			let r = t(n), { _min: i, _max: a } = e, o = a - i;
			return (r - i) / o;
		};
	}
	function T(t) {
		let n = b[t];
		if (n == null) {
			let r = (e.scales || ur)[t] || ur;
			if (r.from != null) {
				T(r.from);
				let e = Sr({}, b[r.from], r, { key: t });
				e.valToPct = ee(e), b[t] = e;
			} else {
				n = b[t] = Sr({}, t == S ? oa : sa, r), n.key = t;
				let e = n.time, a = n.range, o = pr(a);
				if ((t != S || i == 2 && !e) && (o && (a[0] == null || a[1] == null) && (a = {
					min: a[0] == null ? wn : {
						mode: 1,
						hard: a[0],
						soft: a[0]
					},
					max: a[1] == null ? wn : {
						mode: 1,
						hard: a[1],
						soft: a[1]
					}
				}, o = !1), !o && _r(a))) {
					let e = a;
					a = (t, n, r) => n == null ? fr : Dn(n, r, e);
				}
				n.range = J(a || (e ? Ya : t == S ? n.distr == 3 ? Qa : n.distr == 4 ? eo : Ja : n.distr == 3 ? Za : n.distr == 4 ? $a : Xa)), n.auto = J(!o && n.auto), n.clamp = J(n.clamp || aa), n._min = n._max = null, n.valToPct = ee(n);
			}
		}
	}
	T("x"), T("y"), i == 1 && v.forEach((e) => {
		T(e.scale);
	}), y.forEach((e) => {
		T(e.scale);
	});
	for (let t in e.scales) T(t);
	let E = b[S], D = E.distr, O, te;
	E.ori == 0 ? ($t(l, lt), O = a, te = o) : ($t(l, ut), O = o, te = a);
	let k = {};
	for (let e in b) {
		let t = b[e];
		(t.min != null || t.max != null) && (k[e] = {
			min: t.min,
			max: t.max
		}, t.min = t.max = null);
	}
	let A = e.tzDate || ((e) => new Date(In(e / _))), ne = e.fmtDate || zr, re = _ == 1 ? oi(A) : li(A), ie = di(A, ui(_ == 1 ? ai : ci, ne)), ae = gi(A, mi(hi, ne)), oe = [], j = r.legend = Sr({}, yi, e.legend), M = r.cursor = Sr({}, Oi, { drag: { y: i == 2 } }, e.cursor), se = j.show, N = M.show, P = j.markers;
	j.idxs = oe, P.width = J(P.width), P.dash = J(P.dash), P.stroke = J(P.stroke), P.fill = J(P.fill);
	let F, ce, le, I = [], ue = [], de, L = !1, fe = {};
	if (j.live) {
		let e = v[1] ? v[1].values : null;
		L = e != null, de = L ? e(r, 1, 0) : { _: 0 };
		for (let e in de) fe[e] = Kt;
	}
	if (se) {
		if (F = tn("table", xt, l), le = tn("tbody", null, F), j.mount(r, F), L) {
			ce = tn("thead", null, F, le);
			let e = tn("tr", null, ce);
			for (var pe in tn("th", null, e), de) tn("th", Et, e).textContent = pe;
		} else $t(F, Ct), j.live && $t(F, St);
	}
	let me = { show: !0 }, he = { show: !1 };
	function ge(e, t) {
		if (t == 0 && (L || !j.live || i == 2)) return fr;
		let n = [], a = tn("tr", wt, le, le.childNodes[t]);
		$t(a, e.class), e.show || $t(a, gt);
		let o = tn("th", null, a);
		if (P.show) {
			let e = nn(Tt, o);
			if (t > 0) {
				let n = P.width(r, t);
				n && (e.style.border = n + "px " + P.dash(r, t) + " " + P.stroke(r, t)), e.style.background = P.fill(r, t);
			}
		}
		let s = nn(Et, o);
		for (var c in e.label instanceof HTMLElement ? s.appendChild(e.label) : s.textContent = e.label, t > 0 && (P.show || (s.style.color = e.width > 0 ? P.stroke(r, t) : P.fill(r, t)), ve("click", o, (t) => {
			if (M._lock) return;
			He(t);
			let n = v.indexOf(e);
			if ((t.ctrlKey || t.metaKey) != j.isolate) {
				let e = v.some((e, t) => t > 0 && t != n && e.show);
				v.forEach((t, r) => {
					r > 0 && qr(r, e ? r == n ? me : he : me, !0, $.setSeries);
				});
			} else qr(n, { show: !e.show }, !0, $.setSeries);
		}, !1), Ge && ve(zt, o, (t) => {
			M._lock || (He(t), qr(v.indexOf(e), ti, !0, $.setSeries));
		}, !1)), de) {
			let e = tn("td", Dt, a);
			e.textContent = "--", n.push(e);
		}
		return [a, n];
	}
	let _e = /* @__PURE__ */ new Map();
	function ve(e, t, n, i = !0) {
		let a = _e.get(t) || {}, o = M.bind[e](r, t, n, i);
		o && (fn(e, t, a[e] = o), _e.set(t, a));
	}
	function ye(e, t, n) {
		let r = _e.get(t) || {};
		for (let n in r) (e == null || n == e) && (pn(n, t, r[n]), delete r[n]);
		e ?? _e.delete(t);
	}
	let be = 0, xe = 0, R = 0, z = 0, Se = 0, Ce = 0, we = Se, Te = Ce, Ee = R, De = z, Oe = 0, ke = 0, Ae = 0, je = 0;
	r.bbox = {};
	let Me = !1, Ne = !1, Pe = !1, Fe = !1, Ie = !1, B = !1;
	function Le(e, t, n) {
		(n || e != r.width || t != r.height) && Re(e, t), nr(!1), Pe = !0, Ne = !0, mr();
	}
	function Re(e, t) {
		r.width = be = R = e, r.height = xe = z = t, Se = Ce = 0, V(), Ve();
		let n = r.bbox;
		Oe = n.left = ir(Se * G, .5), ke = n.top = ir(Ce * G, .5), Ae = n.width = ir(R * G, .5), je = n.height = ir(z * G, .5);
	}
	function ze() {
		let e = !1, t = 0;
		for (; !e;) {
			t++;
			let n = qn(t), i = Xn(t);
			e = t == 3 || n && i, e || (Re(r.width, r.height), Ne = !0);
		}
	}
	function Be({ width: e, height: t }) {
		Le(e, t);
	}
	r.setSize = Be;
	function V() {
		let e = !1, t = !1, n = !1, r = !1;
		y.forEach((i, a) => {
			if (i.show && i._show) {
				let { side: a, _size: o } = i, s = a % 2, c = o + (i.label == null ? 0 : i.labelSize);
				c > 0 && (s ? (R -= c, a == 3 ? (Se += c, r = !0) : n = !0) : (z -= c, a == 0 ? (Ce += c, e = !0) : t = !0));
			}
		}), Qe[0] = e, Qe[1] = n, Qe[2] = t, Qe[3] = r, R -= tt[1] + tt[3], Se += tt[3], z -= tt[2] + tt[0], Ce += tt[0];
	}
	function Ve() {
		let e = Se + R, t = Ce + z, n = Se, r = Ce;
		function i(i, a) {
			switch (i) {
				case 1: return e += a, e - a;
				case 2: return t += a, t - a;
				case 3: return n -= a, n + a;
				case 0: return r -= a, r + a;
			}
		}
		y.forEach((e, t) => {
			if (e.show && e._show) {
				let t = e.side;
				e._pos = i(t, e._size), e.label != null && (e._lpos = i(t, e.labelSize));
			}
		});
	}
	if (M.dataIdx == null) {
		let e = M.hover, n = e.skip = new Set(e.skip ?? []);
		n.add(void 0);
		let r = e.prox = J(e.prox), i = e.bias ??= 0;
		M.dataIdx = (e, a, o, s) => {
			if (a == 0) return o;
			let c = o, l = r(e, a, o, s) ?? Kn, u = l >= 0 && l < Kn, d = E.ori == 0 ? R : z, f = M.left, p = t[0], m = t[a];
			if (n.has(m[o])) {
				c = null;
				let e = null, t = null, r;
				if (i == 0 || i == -1) for (r = o; e == null && r-- > 0;) n.has(m[r]) || (e = r);
				if (i == 0 || i == 1) for (r = o; t == null && r++ < m.length;) n.has(m[r]) || (t = r);
				if (e != null || t != null) {
					if (u) {
						let n = e == null ? -Infinity : O(p[e], E, d, 0), r = t == null ? Infinity : O(p[t], E, d, 0), i = f - n, a = r - f;
						i <= a ? i <= l && (c = e) : a <= l && (c = t);
					} else c = t == null ? e : e == null ? t : o - e <= t - o ? e : t;
				}
			} else u && Pn(f - O(p[o], E, d, 0)) > l && (c = null);
			return c;
		};
	}
	let He = (e) => {
		M.event = e;
	};
	M.idxs = oe, M._lock = !1;
	let Ue = M.points;
	Ue.show = J(Ue.show), Ue.size = J(Ue.size), Ue.stroke = J(Ue.stroke), Ue.width = J(Ue.width), Ue.fill = J(Ue.fill);
	let We = r.focus = Sr({}, e.focus || { alpha: .3 }, M.focus), Ge = We.prox >= 0, H = Ge && Ue.one, Ke = [], qe = [], Je = [];
	function Ye(e, t) {
		let n = Ue.show(r, t);
		if (n instanceof HTMLElement) return $t(n, bt), $t(n, e.class), an(n, -10, -10, R, z), m.insertBefore(n, Ke[t]), n;
	}
	function Xe(e, t) {
		if (i == 1 || t > 0) {
			let t = i == 1 && b[e.scale].time, n = e.value;
			e.value = t ? gr(n) ? gi(A, mi(n, ne)) : n || ae : n || Zi, e.label = e.label || (t ? Ri : Li);
		}
		if (H || t > 0) {
			e.width = e.width == null ? 1 : e.width, e.paths = e.paths || Ua || $n, e.fillTo = J(e.fillTo || pa), e.pxAlign = +q(e.pxAlign, h), e.pxRound = va(e.pxAlign), e.stroke = J(e.stroke || null), e.fill = J(e.fill || null), e._stroke = e._fill = e._paths = e._focus = null;
			let t = $i(zn(1, e.width), 1), n = e.points = Sr({}, {
				size: t,
				width: zn(1, t * .2),
				stroke: e.stroke,
				space: t * 2,
				paths: Wa,
				_stroke: null,
				_fill: null
			}, e.points);
			n.show = J(n.show), n.filter = J(n.filter), n.fill = J(n.fill), n.stroke = J(n.stroke), n.paths = J(n.paths), n.pxAlign = e.pxAlign;
		}
		if (se) {
			let n = ge(e, t);
			I.splice(t, 0, n[0]), ue.splice(t, 0, n[1]), j.values.push(null);
		}
		if (N) {
			oe.splice(t, 0, null);
			let n = null;
			H ? t == 0 && (n = Ye(e, t)) : t > 0 && (n = Ye(e, t)), Ke.splice(t, 0, n), qe.splice(t, 0, 0), Je.splice(t, 0, 0);
		}
		na("addSeries", t);
	}
	function Ze(e, t) {
		t ??= v.length, e = i == 1 ? qa(e, t, zi, ia) : qa(e, t, {}, ra), v.splice(t, 0, e), Xe(v[t], t);
	}
	r.addSeries = Ze;
	function U(e) {
		if (v.splice(e, 1), se) {
			j.values.splice(e, 1), ue.splice(e, 1);
			let t = I.splice(e, 1)[0];
			ye(null, t.firstChild), t.remove();
		}
		N && (oe.splice(e, 1), Ke.splice(e, 1)[0].remove(), qe.splice(e, 1), Je.splice(e, 1)), na("delSeries", e);
	}
	r.delSeries = U;
	let Qe = [
		!1,
		!1,
		!1,
		!1
	];
	function $e(e, t) {
		if (e._show = e.show, e.show) {
			let n = e.side % 2, i = b[e.scale];
			i ??= (e.scale = n ? v[1].scale : S, b[e.scale]);
			let a = i.time;
			e.size = J(e.size), e.space = J(e.space), e.rotate = J(e.rotate), pr(e.incrs) && e.incrs.forEach((e) => {
				!sr.has(e) && sr.set(e, cr(e));
			}), e.incrs = J(e.incrs || (i.distr == 2 ? Gr : a ? _ == 1 ? ii : si : Kr)), e.splits = J(e.splits || (a && i.distr == 1 ? re : i.distr == 3 ? Hi : i.distr == 4 ? Ui : Vi)), e.stroke = J(e.stroke), e.grid.stroke = J(e.grid.stroke), e.ticks.stroke = J(e.ticks.stroke), e.border.stroke = J(e.border.stroke);
			let o = e.values;
			e.values = pr(o) && !pr(o[0]) ? J(o) : a ? pr(o) ? di(A, ui(o, ne)) : gr(o) ? fi(A, o) : o || ie : o || Bi, e.filter = J(e.filter || (i.distr >= 3 && i.log == 10 ? Yi : i.distr == 3 && i.log == 2 ? Xi : Qn)), e.font = no(e.font), e.labelFont = no(e.labelFont), e._size = e.size(r, null, t, 0), e._space = e._rotate = e._incrs = e._found = e._splits = e._values = null, e._size > 0 && (Qe[t] = !0, e._el = nn(ht, f));
		}
	}
	function et(e, t, n, r) {
		let [i, a, o, s] = n, c = t % 2, l = 0;
		return c == 0 && (s || a) && (l = t == 0 && !i || t == 2 && !o ? In(Ii.size / 3) : 0), c == 1 && (i || o) && (l = t == 1 && !a || t == 3 && !s ? In(Qi.size / 2) : 0), l;
	}
	let W = r.padding = (e.padding || [
		et,
		et,
		et,
		et
	]).map((e) => J(q(e, et))), tt = r._padding = W.map((e, t) => e(r, t, Qe, 0)), nt, rt = null, it = null, at = i == 1 ? v[0].idxs : null, ot = null, st = !1;
	function Pt(e, n) {
		if (t = e ?? [], r.data = r._data = t, i == 2) {
			nt = 0;
			for (let e = 1; e < v.length; e++) nt += t[e][0].length;
		} else {
			t.length == 0 && (r.data = r._data = t = [[]]), ot = t[0], nt = ot.length;
			let e = t;
			if (D == 2) {
				e = t.slice();
				let n = e[0] = Array(nt);
				for (let e = 0; e < nt; e++) n[e] = e;
			}
			r._data = t = e;
		}
		if (nr(!0), na("setData"), D == 2 && (Pe = !0), n !== !1) {
			let e = E;
			e.auto(r, st) ? Ht() : Wr(S, e.min, e.max), Fe ||= M.left >= 0, B = !0, mr();
		}
	}
	r.setData = Pt;
	function Ht() {
		st = !0;
		let e, n;
		i == 1 && (nt > 0 ? (rt = at[0] = 0, it = at[1] = nt - 1, e = t[0][rt], n = t[0][it], D == 2 ? (e = rt, n = it) : e == n && (D == 3 ? [e, n] = xn(e, e, E.log, !1) : D == 4 ? [e, n] = Sn(e, e, E.log, !1) : E.time ? n = e + In(86400 / _) : [e, n] = Dn(e, n, Cn, !0))) : (rt = at[0] = e = null, it = at[1] = n = null)), Wr(S, e, n);
	}
	let Ut, Wt, qt, Xt, Zt, Qt, rn, on, cn, un;
	function dn(e, t, n, r, i, a) {
		e ??= Ft, n ??= dr, r ??= "butt", i ??= Ft, a ??= "round", e != Ut && (d.strokeStyle = Ut = e), i != Wt && (d.fillStyle = Wt = i), t != qt && (d.lineWidth = qt = t), a != Zt && (d.lineJoin = Zt = a), r != Qt && (d.lineCap = Qt = r), n != Xt && d.setLineDash(Xt = n);
	}
	function hn(e, t, n, r) {
		t != Wt && (d.fillStyle = Wt = t), e != rn && (d.font = rn = e), n != on && (d.textAlign = on = n), r != cn && (d.textBaseline = cn = r);
	}
	function gn(e, t, n, i, a = 0) {
		if (i.length > 0 && e.auto(r, st) && (t == null || t.min == null)) {
			let t = q(rt, 0), r = q(it, i.length - 1), o = n.min == null ? bn(i, t, r, a, e.distr == 3) : [n.min, n.max];
			e.min = Rn(e.min, n.min = o[0]), e.max = zn(e.max, n.max = o[1]);
		}
	}
	let _n = {
		min: null,
		max: null
	};
	function vn() {
		for (let e in b) {
			let t = b[e];
			k[e] == null && (t.min == null || k[S] != null && t.auto(r, st)) && (k[e] = _n);
		}
		for (let e in b) {
			let t = b[e];
			k[e] == null && t.from != null && k[t.from] != null && (k[e] = _n);
		}
		k[S] != null && nr(!0);
		let e = {};
		for (let t in k) {
			let n = k[t];
			if (n != null) {
				let a = e[t] = xr(b[t], vr);
				if (n.min != null) Sr(a, n);
				else if (t != S || i == 2) {
					if (nt == 0 && a.from == null) {
						let e = a.range(r, null, null, t);
						a.min = e[0], a.max = e[1];
					} else a.min = Kn, a.max = -Infinity;
				}
			}
		}
		if (nt > 0) {
			v.forEach((n, a) => {
				if (i == 1) {
					let i = n.scale, o = k[i];
					if (o == null) return;
					let s = e[i];
					if (a == 0) {
						let e = s.range(r, s.min, s.max, i);
						s.min = e[0], s.max = e[1], rt = mn(s.min, t[0]), it = mn(s.max, t[0]), it - rt > 1 && (t[0][rt] < s.min && rt++, t[0][it] > s.max && it--), n.min = ot[rt], n.max = ot[it];
					} else n.show && n.auto && gn(s, o, n, t[a], n.sorted);
					n.idxs[0] = rt, n.idxs[1] = it;
				} else if (a > 0 && n.show && n.auto) {
					let [r, i] = n.facets, o = r.scale, s = i.scale, [c, l] = t[a], u = e[o], d = e[s];
					u != null && gn(u, k[o], r, c, r.sorted), d != null && gn(d, k[s], i, l, i.sorted), n.min = i.min, n.max = i.max;
				}
			});
			for (let t in e) {
				let n = e[t], i = k[t];
				if (n.from == null && (i == null || i.min == null)) {
					let e = n.range(r, n.min == Kn ? null : n.min, n.max == -Infinity ? null : n.max, t);
					n.min = e[0], n.max = e[1];
				}
			}
		}
		for (let t in e) {
			let n = e[t];
			if (n.from != null) {
				let i = e[n.from];
				if (i.min == null) n.min = n.max = null;
				else {
					let e = n.range(r, i.min, i.max, t);
					n.min = e[0], n.max = e[1];
				}
			}
		}
		let n = {}, a = !1;
		for (let t in e) {
			let r = e[t], i = b[t];
			if (i.min != r.min || i.max != r.max) {
				i.min = r.min, i.max = r.max;
				let e = i.distr;
				i._min = e == 3 ? Hn(i.min) : e == 4 ? Gn(i.min, i.asinh) : e == 100 ? i.fwd(i.min) : i.min, i._max = e == 3 ? Hn(i.max) : e == 4 ? Gn(i.max, i.asinh) : e == 100 ? i.fwd(i.max) : i.max, n[t] = a = !0;
			}
		}
		if (a) {
			v.forEach((e, t) => {
				i == 2 ? t > 0 && n.y && (e._paths = null) : n[e.scale] && (e._paths = null);
			});
			for (let e in n) Pe = !0, na("setScale", e);
			N && M.left >= 0 && (Fe = B = !0);
		}
		for (let e in k) k[e] = null;
	}
	function yn(e) {
		let t = Jn(rt - 1, 0, nt - 1), n = Jn(it + 1, 0, nt - 1);
		for (; e[t] == null && t > 0;) t--;
		for (; e[n] == null && n < nt - 1;) n++;
		return [t, n];
	}
	function Tn() {
		if (nt > 0) {
			let e = v.some((e) => e._focus) && un != We.alpha;
			e && (d.globalAlpha = un = We.alpha), v.forEach((e, n) => {
				if (n > 0 && e.show && (En(n, !1), En(n, !0), e._paths == null)) {
					let a = un;
					un != e.alpha && (d.globalAlpha = un = e.alpha);
					let o = i == 2 ? [0, t[n][0].length - 1] : yn(t[n]);
					e._paths = e.paths(r, n, o[0], o[1]), un != a && (d.globalAlpha = un = a);
				}
			}), v.forEach((e, t) => {
				if (t > 0 && e.show) {
					let n = un;
					un != e.alpha && (d.globalAlpha = un = e.alpha), e._paths != null && kn(t, !1);
					{
						let n = e._paths == null ? null : e._paths.gaps, i = e.points.show(r, t, rt, it, n), a = e.points.filter(r, t, i, n);
						(i || a) && (e.points._paths = e.points.paths(r, t, rt, it, a), kn(t, !0));
					}
					un != n && (d.globalAlpha = un = n), na("drawSeries", t);
				}
			}), e && (d.globalAlpha = un = 1);
		}
	}
	function En(e, t) {
		let n = t ? v[e].points : v[e];
		n._stroke = n.stroke(r, e), n._fill = n.fill(r, e);
	}
	function kn(e, t) {
		let n = t ? v[e].points : v[e], { stroke: r, fill: i, clip: a, flags: o, _stroke: s = n._stroke, _fill: c = n._fill, _width: l = n.width } = n._paths;
		l = Y(l * G, 3);
		let u = null, f = l % 2 / 2;
		t && c == null && (c = l > 0 ? "#fff" : s);
		let p = n.pxAlign == 1 && f > 0;
		if (p && d.translate(f, f), !t) {
			let e = Oe - l / 2, t = ke - l / 2, n = Ae + l, r = je + l;
			u = new Path2D(), u.rect(e, t, n, r);
		}
		t ? jn(s, l, n.dash, n.cap, c, r, i, o, a) : An(e, s, l, n.dash, n.cap, c, r, i, o, u, a), p && d.translate(-f, -f);
	}
	function An(e, n, i, a, o, s, c, l, u, d, f) {
		let p = !1;
		u != 0 && x.forEach((m, h) => {
			if (m.series[0] == e) {
				let e = v[m.series[1]], g = t[m.series[1]], _ = (e._paths || ur).band;
				pr(_) && (_ = m.dir == 1 ? _[0] : _[1]);
				let y, b = null;
				e.show && _ && On(g, rt, it) ? (b = m.fill(r, h) || s, y = e._paths.clip) : _ = null, jn(n, i, a, o, b, c, l, u, d, f, y, _), p = !0;
			}
		}), p || jn(n, i, a, o, s, c, l, u, d, f);
	}
	function jn(e, t, n, r, i, a, o, s, c, l, u, f) {
		dn(e, t, n, r, i), (c || l || f) && (d.save(), c && d.clip(c), l && d.clip(l)), f ? (s & 3) == 3 ? (d.clip(f), u && d.clip(u), Fn(i, o), Mn(e, a, t)) : s & da ? (Fn(i, o), d.clip(f), Mn(e, a, t)) : s & ua && (d.save(), d.clip(f), u && d.clip(u), Fn(i, o), d.restore(), Mn(e, a, t)) : (Fn(i, o), Mn(e, a, t)), (c || l || f) && d.restore();
	}
	function Mn(e, t, n) {
		n > 0 && (t instanceof Map ? t.forEach((e, t) => {
			d.strokeStyle = Ut = t, d.stroke(e);
		}) : t != null && e && d.stroke(t));
	}
	function Fn(e, t) {
		t instanceof Map ? t.forEach((e, t) => {
			d.fillStyle = Wt = t, d.fill(e);
		}) : t != null && e && d.fill(t);
	}
	function Vn(e, t, n, i) {
		let a = y[e], o;
		if (i <= 0) o = [0, 0];
		else {
			let s = a._space = a.space(r, e, t, n, i);
			o = to(t, n, a._incrs = a.incrs(r, e, t, n, i, s), i, s);
		}
		return a._found = o;
	}
	function Un(e, t, n, r, i, a, o, s, c, l) {
		let u = o % 2 / 2;
		h == 1 && d.translate(u, u), dn(s, o, c, l, s), d.beginPath();
		let f, p, m, g, _ = i + (r == 0 || r == 3 ? -a : a);
		n == 0 ? (p = i, g = _) : (f = i, m = _);
		for (let r = 0; r < e.length; r++) t[r] != null && (n == 0 ? f = m = e[r] : p = g = e[r], d.moveTo(f, p), d.lineTo(m, g));
		d.stroke(), h == 1 && d.translate(-u, -u);
	}
	function qn(e) {
		let t = !0;
		return y.forEach((n, i) => {
			if (!n.show) return;
			let a = b[n.scale];
			if (a.min == null) {
				n._show && (t = !1, n._show = !1, nr(!1));
				return;
			}
			n._show || (t = !1, n._show = !0, nr(!1));
			let o = n.side, s = o % 2, { min: c, max: l } = a, [u, d] = Vn(i, c, l, s == 0 ? R : z);
			if (d == 0) return;
			let f = a.distr == 2, p = n._splits = n.splits(r, i, c, l, u, d, f), m = a.distr == 2 ? p.map((e) => ot[e]) : p, h = a.distr == 2 ? ot[p[1]] - ot[p[0]] : u, g = n._values = n.values(r, n.filter(r, m, i, d, h), i, d, h);
			n._rotate = o == 2 ? n.rotate(r, g, i, d) : 0;
			let _ = n._size;
			n._size = Ln(n.size(r, g, i, e)), _ != null && n._size != _ && (t = !1);
		}), t;
	}
	function Xn(e) {
		let t = !0;
		return W.forEach((n, i) => {
			let a = n(r, i, Qe, e);
			a != tt[i] && (t = !1), tt[i] = a;
		}), t;
	}
	function Zn() {
		for (let e = 0; e < y.length; e++) {
			let t = y[e];
			if (!t.show || !t._show) continue;
			let n = t.side, i = n % 2, a, o, c = t.stroke(r, e), l = n == 0 || n == 3 ? -1 : 1, [u, f] = t._found;
			if (t.label != null) {
				let s = t.labelGap * l, p = In((t._lpos + s) * G);
				hn(t.labelFont[0], c, "center", n == 2 ? At : jt), d.save(), i == 1 ? (a = o = 0, d.translate(p, In(ke + je / 2)), d.rotate((n == 3 ? -Nn : Nn) / 2)) : (a = In(Oe + Ae / 2), o = p);
				let m = Yn(t.label) ? t.label(r, e, u, f) : t.label;
				d.fillText(m, a, o), d.restore();
			}
			if (f == 0) continue;
			let p = b[t.scale], m = i == 0 ? Ae : je, h = i == 0 ? Oe : ke, _ = t._splits, v = p.distr == 2 ? _.map((e) => ot[e]) : _, x = p.distr == 2 ? ot[_[1]] - ot[_[0]] : u, S = t.ticks, C = t.border, w = S.show ? S.size : 0, ee = In(w * G), T = In((t.alignTo == 2 ? t._size - w - t.gap : t.gap) * G), E = t._rotate * -Nn / 180, D = g(t._pos * G), O = D + (ee + T) * l;
			o = i == 0 ? O : 0, a = i == 1 ? O : 0;
			let te = t.font[0];
			hn(te, c, t.align == 1 ? Mt : t.align == 2 ? Nt : E > 0 ? Mt : E < 0 ? Nt : i == 0 ? "center" : n == 3 ? Nt : Mt, E || i == 1 ? "middle" : n == 2 ? At : jt);
			let k = t.font[1] * t.lineGap, A = _.map((e) => g(s(e, p, m, h))), ne = t._values;
			for (let e = 0; e < ne.length; e++) {
				let t = ne[e];
				if (t != null) {
					i == 0 ? a = A[e] : o = A[e], t = "" + t;
					let n = t.indexOf("\n") == -1 ? [t] : t.split(/\n/gm);
					for (let e = 0; e < n.length; e++) {
						let t = n[e];
						E ? (d.save(), d.translate(a, o + e * k), d.rotate(E), d.fillText(t, 0, 0), d.restore()) : d.fillText(t, a, o + e * k);
					}
				}
			}
			S.show && Un(A, S.filter(r, v, e, f, x), i, n, D, ee, Y(S.width * G, 3), S.stroke(r, e), S.dash, S.cap);
			let re = t.grid;
			re.show && Un(A, re.filter(r, v, e, f, x), i, i == 0 ? 2 : 1, i == 0 ? ke : Oe, i == 0 ? je : Ae, Y(re.width * G, 3), re.stroke(r, e), re.dash, re.cap), C.show && Un([D], [1], +(i == 0), i == 0 ? 1 : 2, i == 1 ? ke : Oe, i == 1 ? je : Ae, Y(C.width * G, 3), C.stroke(r, e), C.dash, C.cap);
		}
		na("drawAxes");
	}
	function nr(e) {
		v.forEach((t, n) => {
			n > 0 && (t._paths = null, e && (i == 1 ? (t.min = null, t.max = null) : t.facets.forEach((e) => {
				e.min = null, e.max = null;
			})));
		});
	}
	let rr = !1, ar = !1, or = [];
	function lr() {
		ar = !1;
		for (let e = 0; e < or.length; e++) na(...or[e]);
		or.length = 0;
	}
	function mr() {
		rr ||= (Or(br), !0);
	}
	function yr(e, t = !1) {
		rr = !0, ar = t, e(r), br(), t && or.length > 0 && queueMicrotask(lr);
	}
	r.batch = yr;
	function br() {
		if (Me &&= (vn(), !1), Pe &&= (ze(), !1), Ne) {
			if (K(p, Mt, Se), K(p, At, Ce), K(p, Ot, R), K(p, kt, z), K(m, Mt, Se), K(m, At, Ce), K(m, Ot, R), K(m, kt, z), K(f, Ot, be), K(f, kt, xe), u.width = In(be * G), u.height = In(xe * G), y.forEach(({ _el: e, _show: t, _size: n, _pos: r, side: i }) => {
				if (e != null) {
					if (t) {
						let t = i === 3 || i === 0 ? n : 0, a = i % 2 == 1;
						K(e, a ? "left" : "top", r - t), K(e, a ? "width" : "height", n), K(e, a ? "top" : "left", a ? Ce : Se), K(e, a ? "height" : "width", a ? z : R), en(e, gt);
					} else $t(e, gt);
				}
			}), Ut = Wt = qt = Zt = Qt = rn = on = cn = Xt = null, un = 1, Ei(!0), Se != we || Ce != Te || R != Ee || z != De) {
				nr(!1);
				let e = R / Ee, t = z / De;
				if (N && !Fe && M.left >= 0) {
					M.left *= e, M.top *= t, Er && an(Er, In(M.left), 0, R, z), Dr && an(Dr, 0, In(M.top), R, z);
					for (let n = 0; n < Ke.length; n++) {
						let r = Ke[n];
						r != null && (qe[n] *= e, Je[n] *= t, an(r, Ln(qe[n]), Ln(Je[n]), R, z));
					}
				}
				if (Z.show && !Ie && Z.left >= 0 && Z.width > 0) {
					Z.left *= e, Z.width *= e, Z.top *= t, Z.height *= t;
					for (let e in Ai) K(Vr, e, Z[e]);
				}
				we = Se, Te = Ce, Ee = R, De = z;
			}
			na("setSize"), Ne = !1;
		}
		be > 0 && xe > 0 && (d.clearRect(0, 0, u.width, u.height), na("drawClear"), w.forEach((e) => e()), na("draw")), Z.show && Ie && (Hr(Z), Ie = !1), N && Fe && (wi(null, !0, !1), Fe = !1), j.show && j.live && B && (Si(), B = !1), c || (c = !0, r.status = 1, na("ready")), st = !1, rr = !1;
	}
	r.redraw = (e, t) => {
		Pe = t || !1, e === !1 ? mr() : Wr(S, E.min, E.max);
	};
	function Cr(e, n) {
		let i = b[e];
		if (i.from == null) {
			if (nt == 0) {
				let t = i.range(r, n.min, n.max, e);
				n.min = t[0], n.max = t[1];
			}
			if (n.min > n.max) {
				let e = n.min;
				n.min = n.max, n.max = e;
			}
			if (nt > 1 && n.min != null && n.max != null && n.max - n.min < 1e-16) return;
			e == S && i.distr == 2 && nt > 0 && (n.min = mn(n.min, t[0]), n.max = mn(n.max, t[0]), n.min == n.max && n.max++), k[e] = n, Me = !0, mr();
		}
	}
	r.setScale = Cr;
	let wr, Tr, Er, Dr, kr, Ar, jr, Mr, Nr, Pr, X, Fr, Ir = !1, Lr = M.drag, Rr = Lr.x, Br = Lr.y;
	N && (M.x && (wr = nn(vt, m)), M.y && (Tr = nn(yt, m)), E.ori == 0 ? (Er = wr, Dr = Tr) : (Er = Tr, Dr = wr), X = M.left, Fr = M.top);
	let Z = r.select = Sr({
		show: !0,
		over: !0,
		left: 0,
		width: 0,
		top: 0,
		height: 0
	}, e.select), Vr = Z.show ? nn(_t, Z.over ? m : p) : null;
	function Hr(e, t) {
		if (Z.show) {
			for (let t in e) Z[t] = e[t], t in Ai && K(Vr, t, e[t]);
			t !== !1 && na("setSelect");
		}
	}
	r.setSelect = Hr;
	function Ur(e) {
		if (v[e].show) se && en(I[e], gt);
		else if (se && $t(I[e], gt), N) {
			let t = H ? Ke[0] : Ke[e];
			t != null && an(t, -10, -10, R, z);
		}
	}
	function Wr(e, t, n) {
		Cr(e, {
			min: t,
			max: n
		});
	}
	function qr(e, t, n, a) {
		t.focus != null && ni(e), t.show != null && v.forEach((n, r) => {
			r > 0 && (e == r || e == null) && (n.show = t.show, Ur(r), i == 2 ? (Wr(n.facets[0].scale, null, null), Wr(n.facets[1].scale, null, null)) : Wr(n.scale, null, null), mr());
		}), n !== !1 && na("setSeries", e, t), a && ha("setSeries", r, e, t);
	}
	r.setSeries = qr;
	function Jr(e, t) {
		Sr(x[e], t);
	}
	function Yr(e, t) {
		e.fill = J(e.fill || null), e.dir = q(e.dir, -1), t ??= x.length, x.splice(t, 0, e);
	}
	function Xr(e) {
		e == null ? x.length = 0 : x.splice(e, 1);
	}
	r.addBand = Yr, r.setBand = Jr, r.delBand = Xr;
	function Zr(e, t) {
		v[e].alpha = t, N && Ke[e] != null && (Ke[e].style.opacity = t), se && I[e] && (I[e].style.opacity = t);
	}
	let Qr, $r, ei, ti = { focus: !0 };
	function ni(e) {
		if (e != ei) {
			let t = e == null, n = We.alpha != 1;
			v.forEach((r, a) => {
				if (i == 1 || a > 0) {
					let i = t || a == 0 || a == e;
					r._focus = t ? null : i, n && Zr(a, i ? 1 : We.alpha);
				}
			}), ei = e, n && mr();
		}
	}
	se && Ge && ve(Bt, F, (e) => {
		M._lock || (He(e), ei != null && qr(null, ti, !0, $.setSeries));
	});
	function Q(e, t, n) {
		let r = b[t];
		n && (e = e / G - (r.ori == 1 ? Ce : Se));
		let i = R;
		r.ori == 1 && (i = z, e = i - e), r.dir == -1 && (e = i - e);
		let a = r._min, o = r._max, s = e / i, c = a + (o - a) * s, l = r.distr;
		return l == 3 ? Bn(10, c) : l == 4 ? Wn(c, r.asinh) : l == 100 ? r.bwd(c) : c;
	}
	function ri(e, n) {
		return mn(Q(e, S, n), t[0], rt, it);
	}
	r.valToIdx = (e) => mn(e, t[0]), r.posToIdx = ri, r.posToVal = Q, r.valToPos = (e, t, n) => b[t].ori == 0 ? a(e, b[t], n ? Ae : R, n ? Oe : 0) : o(e, b[t], n ? je : z, n ? ke : 0), r.setCursor = (e, t, n) => {
		X = e.left, Fr = e.top, wi(null, t, n);
	};
	function pi(e, t) {
		K(Vr, Mt, Z.left = e), K(Vr, Ot, Z.width = t);
	}
	function _i(e, t) {
		K(Vr, At, Z.top = e), K(Vr, kt, Z.height = t);
	}
	let vi = E.ori == 0 ? pi : _i, bi = E.ori == 1 ? pi : _i;
	function xi() {
		if (se && j.live) for (let e = +(i == 2); e < v.length; e++) {
			if (e == 0 && L) continue;
			let t = j.values[e], n = 0;
			for (let r in t) ue[e][n++].firstChild.nodeValue = t[r];
		}
	}
	function Si(e, t) {
		if (e != null && (e.idxs ? e.idxs.forEach((e, t) => {
			oe[t] = e;
		}) : hr(e.idx) || oe.fill(e.idx), j.idx = oe[0]), se && j.live) {
			for (let e = 0; e < v.length; e++) (e > 0 || i == 1 && !L) && Ci(e, oe[e]);
			xi();
		}
		B = !1, t !== !1 && na("setLegend");
	}
	r.setLegend = Si;
	function Ci(e, n) {
		let i = v[e], a = e == 0 && D == 2 ? ot : t[e], o;
		L ? o = i.values(r, e, n) ?? fe : (o = i.value(r, n == null ? null : a[n], e, n), o = o == null ? fe : { _: o }), j.values[e] = o;
	}
	function wi(e, n, a) {
		Nr = X, Pr = Fr, [X, Fr] = M.move(r, X, Fr), M.left = X, M.top = Fr, N && (Er && an(Er, In(X), 0, R, z), Dr && an(Dr, 0, In(Fr), R, z));
		let o, s = rt > it;
		Qr = Kn, $r = null;
		let c = E.ori == 0 ? R : z, l = E.ori == 1 ? R : z;
		if (X < 0 || nt == 0 || s) {
			o = M.idx = null;
			for (let e = 0; e < v.length; e++) {
				let t = Ke[e];
				t != null && an(t, -10, -10, R, z);
			}
			Ge && qr(null, ti, !0, e == null && $.setSeries), j.live && (oe.fill(o), B = !0);
		} else {
			let e, n, a;
			i == 1 && (e = E.ori == 0 ? X : Fr, n = Q(e, S), o = M.idx = mn(n, t[0], rt, it), a = O(t[0][o], E, c, 0));
			let s = -10, u = -10, d = 0, f = 0, p = !0, m = "", h = "";
			for (let e = +(i == 2); e < v.length; e++) {
				let g = v[e], _ = oe[e], y = _ == null ? null : i == 1 ? t[e][_] : t[e][1][_], x = M.dataIdx(r, e, o, n), S = x == null ? null : i == 1 ? t[e][x] : t[e][1][x];
				if (B = B || S != y || x != _, oe[e] = x, e > 0 && g.show) {
					let n = x == null ? -10 : x == o ? a : O(i == 1 ? t[0][x] : t[e][0][x], E, c, 0), _ = S == null ? -10 : te(S, i == 1 ? b[g.scale] : b[g.facets[1].scale], l, 0);
					if (Ge && S != null) {
						let t = E.ori == 1 ? X : Fr, n = Pn(We.dist(r, e, x, _, t));
						if (n < Qr) {
							let r = We.bias;
							if (r != 0) {
								let i = Q(t, g.scale), a = S >= 0 ? 1 : -1, o = i >= 0 ? 1 : -1;
								o == a && (o == 1 ? r == 1 ? S >= i : S <= i : r == 1 ? S <= i : S >= i) && (Qr = n, $r = e);
							} else Qr = n, $r = e;
						}
					}
					if (B || H) {
						let t, i;
						E.ori == 0 ? (t = n, i = _) : (t = _, i = n);
						let a, o, c, l, g, v, y = !0, b = Ue.bbox;
						if (b != null) {
							y = !1;
							let t = b(r, e);
							c = t.left, l = t.top, a = t.width, o = t.height;
						} else c = t, l = i, a = o = Ue.size(r, e);
						if (v = Ue.fill(r, e), g = Ue.stroke(r, e), H) e == $r && Qr <= We.prox && (s = c, u = l, d = a, f = o, p = y, m = v, h = g);
						else {
							let t = Ke[e];
							t != null && (qe[e] = c, Je[e] = l, ln(t, a, o, y), sn(t, v, g), an(t, Ln(c), Ln(l), R, z));
						}
					}
				}
			}
			if (H) {
				let e = We.prox;
				if (B || (ei == null ? Qr <= e : Qr > e || $r != ei)) {
					let e = Ke[0];
					e != null && (qe[0] = s, Je[0] = u, ln(e, d, f, p), sn(e, m, h), an(e, Ln(s), Ln(u), R, z));
				}
			}
		}
		if (Z.show && Ir) {
			if (e != null) {
				let [t, n] = $.scales, [r, i] = $.match, [a, o] = e.cursor.sync.scales, s = e.cursor.drag;
				if (Rr = s._x, Br = s._y, Rr || Br) {
					let { left: s, top: u, width: d, height: f } = e.select, p = e.scales[a].ori, m = e.posToVal, h, g, _, v, y, x = t != null && r(t, a), S = n != null && i(n, o);
					x && Rr ? (p == 0 ? (h = s, g = d) : (h = u, g = f), _ = b[t], v = O(m(h, a), _, c, 0), y = O(m(h + g, a), _, c, 0), vi(Rn(v, y), Pn(y - v))) : vi(0, c), S && Br ? (p == 1 ? (h = s, g = d) : (h = u, g = f), _ = b[n], v = te(m(h, o), _, l, 0), y = te(m(h + g, o), _, l, 0), bi(Rn(v, y), Pn(y - v))) : bi(0, l);
				} else ji();
			} else {
				let e = Pn(Nr - kr), t = Pn(Pr - Ar);
				if (E.ori == 1) {
					let n = e;
					e = t, t = n;
				}
				Rr = Lr.x && e >= Lr.dist, Br = Lr.y && t >= Lr.dist;
				let n = Lr.uni;
				n == null ? Lr.x && Lr.y && (Rr || Br) && (Rr = Br = !0) : Rr && Br && (Rr = e >= n, Br = t >= n, !Rr && !Br && (t > e ? Br = !0 : Rr = !0));
				let r, i;
				Rr && (E.ori == 0 ? (r = jr, i = X) : (r = Mr, i = Fr), vi(Rn(r, i), Pn(i - r)), Br || bi(0, l)), Br && (E.ori == 1 ? (r = jr, i = X) : (r = Mr, i = Fr), bi(Rn(r, i), Pn(i - r)), Rr || vi(0, c)), !Rr && !Br && (vi(0, 0), bi(0, 0));
			}
		}
		if (Lr._x = Rr, Lr._y = Br, e == null) {
			if (a) {
				if (fa != null) {
					let [e, t] = $.scales;
					$.values[0] = e == null ? null : Q(E.ori == 0 ? X : Fr, e), $.values[1] = t == null ? null : Q(E.ori == 1 ? X : Fr, t);
				}
				ha(It, r, X, Fr, R, z, o);
			}
			if (Ge) {
				let e = a && $.setSeries, t = We.prox;
				ei == null ? Qr <= t && qr($r, ti, !0, e) : Qr > t ? qr(null, ti, !0, e) : $r != ei && qr($r, ti, !0, e);
			}
		}
		B && (j.idx = o, Si()), n !== !1 && na("setCursor");
	}
	let Ti = null;
	Object.defineProperty(r, "rect", { get() {
		return Ti ?? Ei(!1), Ti;
	} });
	function Ei(e = !1) {
		e ? Ti = null : (Ti = m.getBoundingClientRect(), na("syncRect", Ti));
	}
	function Di(e, t, n, r, i, a, o) {
		M._lock || Ir && e != null && e.movementX == 0 && e.movementY == 0 || (ki(e, t, n, r, i, a, o, !1, e != null), e == null ? wi(t, !0, !1) : wi(null, !0, !0));
	}
	function ki(e, t, n, i, a, o, c, l, u) {
		if (Ti ?? Ei(!1), He(e), e != null) n = e.clientX - Ti.left, i = e.clientY - Ti.top;
		else {
			if (n < 0 || i < 0) {
				X = -10, Fr = -10;
				return;
			}
			let [e, r] = $.scales, c = t.cursor.sync, [l, u] = c.values, [d, f] = c.scales, [p, m] = $.match, h = t.axes[0].side % 2 == 1, g = E.ori == 0 ? R : z, _ = E.ori == 1 ? R : z, v = h ? o : a, y = h ? a : o, x = h ? i : n, S = h ? n : i;
			if (n = d == null ? x / v * g : p(e, d) ? s(l, b[e], g, 0) : -10, i = f == null ? S / y * _ : m(r, f) ? s(u, b[r], _, 0) : -10, E.ori == 1) {
				let e = n;
				n = i, i = e;
			}
		}
		u && (t == null || t.cursor.event.type == It) && ((n <= 1 || n >= R - 1) && (n = ir(n, R)), (i <= 1 || i >= z - 1) && (i = ir(i, z))), l ? (kr = n, Ar = i, [jr, Mr] = M.move(r, n, i)) : (X = n, Fr = i);
	}
	let Ai = {
		width: 0,
		height: 0,
		left: 0,
		top: 0
	};
	function ji() {
		Hr(Ai, !1);
	}
	let Mi, Ni, Pi, Fi;
	function Wi(e, t, n, i, a, o, s) {
		Ir = !0, Rr = Br = Lr._x = Lr._y = !1, ki(e, t, n, i, a, o, s, !0, !1), e != null && (ve(Rt, Jt, Gi, !1), ha(Lt, r, jr, Mr, R, z, null));
		let { left: c, top: l, width: u, height: d } = Z;
		Mi = c, Ni = l, Pi = u, Fi = d;
	}
	function Gi(e, t, n, i, a, o, s) {
		Ir = Lr._x = Lr._y = !1, ki(e, t, n, i, a, o, s, !1, !0);
		let { left: c, top: l, width: u, height: d } = Z, f = u > 0 || d > 0, p = Mi != c || Ni != l || Pi != u || Fi != d;
		if (f && p && Hr(Z), Lr.setScale && f && p) {
			let e = c, t = u, n = l, r = d;
			if (E.ori == 1 && (e = l, t = d, n = c, r = u), Rr && Wr(S, Q(e, S), Q(e + t, S)), Br) for (let e in b) {
				let t = b[e];
				e != S && t.from == null && t.min != Kn && Wr(e, Q(n + r, e), Q(n, e));
			}
			ji();
		} else M.lock && (M._lock = !M._lock, wi(t, !0, e != null));
		e != null && (ye(Rt, Jt), ha(Rt, r, X, Fr, R, z, null));
	}
	function Ki(e, t, n, r, i, a, o) {
		if (M._lock) return;
		He(e);
		let s = Ir;
		if (Ir) {
			let e = !0, t = !0, n, r;
			E.ori == 0 ? (n = Rr, r = Br) : (n = Br, r = Rr), n && r && (e = X <= 10 || X >= R - 10, t = Fr <= 10 || Fr >= z - 10), n && e && (X = X < jr ? 0 : R), r && t && (Fr = Fr < Mr ? 0 : z), wi(null, !0, !0), Ir = !1;
		}
		X = -10, Fr = -10, oe.fill(null), wi(null, !0, !0), s && (Ir = s);
	}
	function qi(e, t, n, i, a, o, s) {
		M._lock || (He(e), Ht(), ji(), e != null && ha(Vt, r, X, Fr, R, z, null));
	}
	function Ji() {
		y.forEach(ro), Le(r.width, r.height, !0);
	}
	fn(Gt, Yt, Ji);
	let ea = {};
	ea.mousedown = Wi, ea.mousemove = Di, ea.mouseup = Gi, ea.dblclick = qi, ea.setSeries = (e, t, n, i) => {
		let a = $.match[2];
		n = a(r, t, n), n != -1 && qr(n, i, !0, !1);
	}, N && (ve(Lt, m, Wi), ve(It, m, Di), ve(zt, m, (e) => {
		He(e), Ei(!1);
	}), ve(Bt, m, Ki), ve(Vt, m, qi), Va.add(r), r.syncRect = Ei);
	let ta = r.hooks = e.hooks || {};
	function na(e, t, n) {
		ar ? or.push([
			e,
			t,
			n
		]) : e in ta && ta[e].forEach((e) => {
			e.call(null, r, t, n);
		});
	}
	(e.plugins || []).forEach((e) => {
		for (let t in e.hooks) ta[t] = (ta[t] || []).concat(e.hooks[t]);
	});
	let ca = (e, t, n) => n, $ = Sr({
		key: null,
		setSeries: !1,
		filters: {
			pub: er,
			sub: er
		},
		scales: [S, v[1] ? v[1].scale : null],
		match: [
			tr,
			tr,
			ca
		],
		values: [null, null]
	}, M.sync);
	$.match.length == 2 && $.match.push(ca), M.sync = $;
	let fa = $.key, ma = la(fa);
	function ha(e, t, n, r, i, a, o) {
		$.filters.pub(e, t, n, r, i, a, o) && ma.pub(e, t, n, r, i, a, o);
	}
	ma.sub(r);
	function ga(e, t, n, r, i, a, o) {
		$.filters.sub(e, t, n, r, i, a, o) && ea[e](null, t, n, r, i, a, o);
	}
	r.pub = ga;
	function _a() {
		ma.unsub(r), Va.delete(r), _e.clear(), pn(Gt, Yt, Ji), l.remove(), F?.remove(), na("destroy");
	}
	r.destroy = _a;
	function ya() {
		na("init", e, t), Pt(t || e.data, !1), k[S] ? Cr(S, k[S]) : Ht(), Ie = Z.show && (Z.width > 0 || Z.height > 0), Fe = B = !0, Le(e.width, e.height);
	}
	return v.forEach(Xe), y.forEach($e), n ? n instanceof HTMLElement ? (n.appendChild(l), ya()) : n(r, ya) : ya(), r;
}
io.assign = Sr, io.fmtNum = jn, io.rangeNum = Dn, io.rangeLog = xn, io.rangeAsinh = Sn, io.orient = $, io.pxRatio = G, io.join = Dr, io.fmtDate = zr, io.tzDate = Z, io.sync = la;
{
	io.addGap = ga, io.clipGaps = ha;
	let e = io.paths = { points: Aa };
	e.linear = Pa, e.stepped = Fa, e.bars = La, e.spline = za;
}
// node_modules/uplot/dist/uPlot.min.css?inline
var ao = ".uplot,.uplot *,.uplot :before,.uplot :after{box-sizing:border-box}.uplot{width:min-content;font-family:system-ui,-apple-system,Segoe UI,Roboto,Helvetica Neue,Arial,Noto Sans,sans-serif,Apple Color Emoji,Segoe UI Emoji,Segoe UI Symbol,Noto Color Emoji;line-height:1.5}.u-title{text-align:center;font-size:18px;font-weight:700}.u-wrap{-webkit-user-select:none;user-select:none;position:relative}.u-over,.u-under{position:absolute}.u-under{overflow:hidden}.uplot canvas{width:100%;height:100%;display:block;position:relative}.u-axis{position:absolute}.u-legend{text-align:center;margin:auto;font-size:14px}.u-inline{display:block}.u-inline *{display:inline-block}.u-inline tr{margin-right:16px}.u-legend th{font-weight:600}.u-legend th>*{vertical-align:middle;display:inline-block}.u-legend .u-marker{width:1em;height:1em;margin-right:4px;background-clip:padding-box!important}.u-inline.u-live th:after{content:\":\";vertical-align:middle}.u-inline:not(.u-live) .u-value{display:none}.u-series>*{padding:4px}.u-series th{cursor:pointer}.u-legend .u-off>*{opacity:.3}.u-select{pointer-events:none;background:#00000012;position:absolute}.u-cursor-x,.u-cursor-y{pointer-events:none;will-change:transform;position:absolute;top:0;left:0}.u-hz .u-cursor-x,.u-vt .u-cursor-y{border-right:1px dashed #607d8b;height:100%}.u-hz .u-cursor-y,.u-vt .u-cursor-x{border-bottom:1px dashed #607d8b;width:100%}.u-cursor-pt{pointer-events:none;will-change:transform;border:0 solid;border-radius:50%;position:absolute;top:0;left:0;background-clip:padding-box!important}.u-axis.u-off,.u-select.u-off,.u-cursor-x.u-off,.u-cursor-y.u-off,.u-cursor-pt.u-off{display:none}";
// src/chart/points.ts
function oo(e, t) {
	let n = 0, r = e.length;
	for (; n < r;) {
		let i = n + r >> 1;
		(e[i]?.time ?? Infinity) <= t ? n = i + 1 : r = i;
	}
	return n - 1;
}
function so(e, t, n) {
	let r = oo(e, t), i = e[r];
	if (n) return i?.value ?? null;
	let a = e[r + 1];
	return i?.time === t ? i.value : !i || !a ? null : (t - i.time <= a.time - t ? i : a).value;
}
function co(e, { from: t, to: n }, r) {
	let i = Infinity, a = -Infinity, o = null, s = Math.max(0, oo(e, t));
	for (let c = s; c < e.length; c++) {
		let s = e[c];
		if (!s || s.time > n) break;
		s.time < t && !r || (o = s.value, s.value !== null && (i = Math.min(i, s.low ?? s.value), a = Math.max(a, s.high ?? s.value)));
	}
	return i === Infinity ? void 0 : {
		low: i,
		high: a,
		last: o
	};
}
// src/chart/align.ts
function lo(e, t, n) {
	let r = e.map((e) => uo(e, t)), i = r.reduce((e, { points: t }) => e + t.length, 0) > 2 * n ? fo(r) : void 0;
	return i && i.length > 2 * n ? mo(r, t, Math.max(1, Math.floor(n))) : po(r, i ?? fo(r));
}
function uo(e, { from: t, to: n }) {
	let { points: r, step: i } = e, a = oo(r, t), o = oo(r, n), s = r.slice(Math.max(0, a), i ? o + 1 : o + 2);
	if (!i) return {
		...e,
		points: s
	};
	let [c] = s;
	return c && c.time < t && (s[0] = {
		...c,
		time: t
	}), {
		...e,
		points: s
	};
}
function fo(e) {
	let t = e.flatMap(({ points: e }) => e.map(({ time: e }) => e)).sort((e, t) => e - t);
	return t.filter((e, n) => e !== t[n - 1]);
}
function po(e, t) {
	return {
		times: t,
		columns: e.map(({ points: e, step: n, band: r }) => {
			let i = [], a = [], o = [], s = 0, c;
			for (let r of t) {
				let t = e[s]?.time === r;
				t && (c = e[s++]);
				let l = t || n ? c : void 0;
				i.push(l?.value), a.push(l && (l.high ?? l.value)), o.push(l && (l.low ?? l.value));
			}
			return r ? {
				values: i,
				highs: a,
				lows: o
			} : { values: i };
		})
	};
}
function mo(e, { from: t, to: n }, r) {
	let i = (n - t) / r;
	return {
		times: Array.from({ length: 2 * r }, (e, n) => t + (n / 2 + .25) * i),
		columns: e.map(({ points: e, step: n, band: a }) => {
			let o = [], s = [], c = [], l = 0, u;
			for (let a = 0; a < r; a++) {
				let d = a === r - 1 ? Infinity : t + (a + 1) * i, f = n && (e[l]?.time ?? Infinity) > t + a * i && u ? [u] : [];
				for (let t = e[l]; t && t.time < d; t = e[++l]) f.push(u = t);
				let [p, m] = ho(f);
				o.push(p?.value, m?.value);
				let h = go(f, ({ high: e, value: t }) => e ?? t, Math.max), g = go(f, ({ low: e, value: t }) => e ?? t, Math.min);
				s.push(h, h), c.push(g, g);
			}
			return a ? {
				values: o,
				highs: s,
				lows: c
			} : { values: o };
		})
	};
}
function ho(e) {
	let t, n, r = !0;
	for (let i of e) i.value !== null && ((!t || i.value < (t.value ?? 0)) && ([t, r] = [i, !1]), (!n || i.value > (n.value ?? 0)) && ([n, r] = [i, !0]));
	return !t || !n ? [e[0], e[0]] : r ? [t, n] : [n, t];
}
function go(e, t, n) {
	let r = e.length ? null : void 0;
	for (let i of e) {
		let e = t(i);
		e !== null && (r = r == null ? e : n(r, e));
	}
	return r;
}
// src/chart/zoom.ts
var _o = {
	"+": { zoom: .5 },
	"=": { zoom: .5 },
	"-": { zoom: 2 },
	"−": { zoom: 2 },
	ArrowLeft: { pan: -.25 },
	ArrowRight: { pan: .25 },
	Home: null
};
function vo({ from: e, to: t }, n, r = .5) {
	let i = e + r * (t - e);
	return {
		from: i - (i - e) * n,
		to: i + (t - i) * n
	};
}
function yo({ from: e, to: t }, n) {
	let r = n * (t - e);
	return {
		from: e + r,
		to: t + r
	};
}
function bo(e, { least: t, most: n, end: r }) {
	let i = Math.min(n, Math.max(t, e.to - e.from)), a = Math.min(r, (e.from + e.to + i) / 2);
	return {
		from: a - i,
		to: a
	};
}
// src/chart/fingers.ts
var xo = class {
	#e = /* @__PURE__ */ new Map();
	constructor(e) {
		this.ask = e;
	}
	take(e, t, n, r) {
		if (e.pointerType === "mouse" || n <= 0) return;
		let { pointerId: i, clientX: a } = e;
		e.type === "pointerdown" ? this.#e.set(i, a) : e.type !== "pointermove" && this.#e.delete(i);
		let o = this.#e.get(i);
		if (e.type !== "pointermove" || o === void 0 || o === a) return;
		let s = [...this.#e].find(([e]) => e !== i)?.[1];
		if (this.#e.set(i, a), s === void 0) {
			this.ask(yo(t, (o - a) / n));
			return;
		}
		let [c, l] = [Math.max(24, Math.abs(o - s)), Math.max(24, Math.abs(a - s))];
		c !== l && this.ask(vo(t, c / l, Math.min(1, Math.max(0, (s - r) / n))));
	}
}, So = {
	info: ue`<circle cx="8" cy="8" r="4.5" fill="none" stroke="currentColor" stroke-width="2" />`,
	warning: ue`<path d="M8 1.5 15 14H1z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />`,
	serious: ue`<path d="M8 .5 15.5 8 8 15.5.5 8z" />`,
	critical: ue`<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" /><path d="M5 5l6 6M11 5l-6 6" stroke="var(--card-background-color, #fff)" stroke-width="2" />`
};
function Co(e) {
	return I`<svg class="shape ${e}" viewBox="0 0 16 16" aria-hidden="true">${So[e]}</svg>`;
}
// src/chart/scale.ts
function wo(e, t, n) {
	if (e === null || t === null || !Number.isFinite(e) || !Number.isFinite(t)) return [0, n];
	let r = (e + t) / 2, i = Math.max(t - e, n) * .58;
	return [r - i, r + i];
}
function To(e, t, n) {
	return Be(e, t, [
		0,
		1,
		2,
		3
	].find((e) => Math.abs(n * 10 ** e - Math.round(n * 10 ** e)) < 1e-6) ?? 4);
}
function Eo(e, t, n, r) {
	return n >= 2419200 ? H(e, t, "month") : n >= 86400 || r ? H(e, t, "day") : H(e, t, n < 60 ? "seconds" : "time");
}
function Do(e, t, n = 0) {
	let r = Math.abs(t) >= 120, i = Be(e, Math.abs(r ? t / 60 : t), r && t % 60 ? Math.max(1, n) : r ? 0 : n);
	return `${t > 0 ? "+" : t < 0 ? "−" : ""}${i}\u202f${r ? "min" : "s"}`;
}
var Oo = [
	.1,
	.2,
	.5,
	1,
	2,
	5,
	10,
	15,
	30,
	60,
	120,
	300,
	600,
	900,
	1800,
	3600
], ko = {
	info: "quiet",
	warning: "warn",
	serious: "bad",
	critical: "bad"
};
function Ao(e, t, n, r) {
	let { series: i, bands: a } = Mo(e, t), o = {
		stroke: () => t.colour("quiet"),
		font: t.font,
		ticks: { show: !1 }
	}, s = {
		stroke: () => t.colour("line"),
		width: 1
	}, { locale: c, config: l } = t.hass(), u = (e) => {
		let t = /* @__PURE__ */ new Date(e * 1e3);
		return c.time_zone === "server" ? io.tzDate(t, l.time_zone) : t;
	};
	return {
		...n,
		tzDate: u,
		padding: [
			6,
			10,
			r ? 0 : 6,
			0
		],
		legend: { show: !1 },
		series: [{}, ...i],
		bands: a,
		scales: {
			x: {
				time: !t.relative,
				auto: !1
			},
			y: { range: (t, n, r) => e.flags ? [0, 1.15] : wo(...No(e, n, r), e.least) }
		},
		axes: [{
			...o,
			grid: s,
			size: r ? 28 : 0,
			space: 70,
			...t.relative ? { incrs: Oo } : {},
			values: (e, n, i, a, o) => r ? t.relative ? n.map((e) => Do(t.hass(), e, +(o < 1))) : n.map((e) => Eo(t.hass(), e, o, Io(u(e)))) : n.map(() => "")
		}, {
			...o,
			grid: e.flags ? { show: !1 } : s,
			size: 56,
			space: 32,
			values: (n, r, i, a, o) => r.map((n) => e.flags ? "" : To(t.hass(), n, o))
		}],
		cursor: {
			y: !1,
			points: { show: !1 },
			drag: {
				x: !0,
				y: !1,
				setScale: !1,
				dist: 6
			},
			bind: { dblclick: () => () => (t.home(), null) }
		},
		hooks: {
			setCursor: [(e) => t.point(e, (e.cursor.left ?? -1) < 0 ? null : e.cursor.left ?? null)],
			setSelect: [(e) => {
				let { left: n, width: r } = e.select;
				if (r < 2) return;
				let i = {
					from: e.posToVal(n, "x"),
					to: e.posToVal(n + r, "x")
				};
				e.setSelect({
					left: 0,
					top: 0,
					width: 0,
					height: 0
				}, !1), t.select(i);
			}],
			draw: [(n) => Po(n, e, t)]
		}
	};
}
function jo({ times: e, columns: t }) {
	return [e, ...t.flatMap(({ values: e, highs: t, lows: n }) => t && n ? [
		t,
		n,
		e
	] : [e])];
}
function Mo(e, t) {
	let n = [], r = [], i = /* @__PURE__ */ new Map();
	for (let { key: a, colour: o, dash: s, width: c, step: l, band: u } of e.lines) {
		let d = l ? io.paths.stepped?.({ align: 1 }) : io.paths.linear?.(), f = {
			...d ? { paths: d } : {},
			points: { show: !1 }
		};
		u && (r.push({
			series: [n.length + 1, n.length + 2],
			fill: () => t.colour(o, .2)
		}), n.push({
			...f,
			width: 0
		}, {
			...f,
			width: 0
		})), i.set(a, n.length + 1), n.push({
			...f,
			stroke: () => t.colour(o),
			width: c ?? 1.5,
			...s ? { dash: [...s] } : {},
			...e.flags ? { fill: () => t.colour(o, .35) } : {}
		});
	}
	let [a, o] = (e.between ?? []).map((e) => i.get(e));
	return a && o && r.push({
		series: [a, o],
		fill: () => t.colour("text", .08)
	}), {
		series: n,
		bands: r
	};
}
function No(e, t, n) {
	let r = [
		t,
		n,
		...(e.levels ?? []).map(({ value: e }) => e)
	].filter((e) => e !== null && Number.isFinite(e));
	return r.length ? [Math.min(...r), Math.max(...r)] : [null, null];
}
function Po(e, t, n) {
	let { ctx: r, bbox: i } = e, a = io.pxRatio;
	r.save(), r.beginPath(), r.rect(i.left, i.top, i.width, i.height), r.clip(), r.lineWidth = a, r.setLineDash([3 * a, 3 * a]);
	for (let { time: t, severity: a } of n.marks()) {
		let o = Math.round(e.valToPos(t, "x", !0)) + .5;
		r.strokeStyle = n.colour(ko[a], a === "info" ? .5 : .9), Fo(r, o, i.top, o, i.top + i.height);
	}
	r.setLineDash([8 * a, 4 * a]), r.font = n.font.replace(/[\d.]+px/, (e) => `${parseFloat(e) * a}px`), r.textAlign = "left";
	for (let { value: o, name: s } of t.levels ?? []) {
		let t = Math.round(e.valToPos(o, "y", !0)) + .5;
		r.strokeStyle = r.fillStyle = n.colour("bad"), Fo(r, i.left, t, i.left + i.width, t);
		let c = t - i.top > 18 * a;
		r.textBaseline = c ? "bottom" : "top", r.fillText(s, i.left + 4 * a, t + (c ? -2 : 3) * a);
	}
	r.restore();
}
function Fo(e, t, n, r, i) {
	e.beginPath(), e.moveTo(t, n), e.lineTo(r, i), e.stroke();
}
var Io = (e) => e.getHours() === 0 && e.getMinutes() === 0 && e.getSeconds() === 0, Lo = [
	"info",
	"warning",
	"serious",
	"critical"
], Ro = 1.25, zo = .01, Bo = [
	"spec",
	"range",
	"width",
	"hass"
], Vo = class extends De {
	static {
		this.properties = {
			hass: { attribute: !1 },
			spec: { attribute: !1 },
			range: { attribute: !1 },
			label: {},
			cursor: { state: !0 },
			width: { state: !0 }
		};
	}
	#e = [];
	#t = "";
	#n = !1;
	#r = new ResizeObserver(([e]) => {
		e && (this.width = Math.floor(e.contentRect.width));
	});
	#i = new xo((e) => this.#v(e));
	constructor() {
		super(), this.label = "", this.width = 0;
	}
	connectedCallback() {
		super.connectedCallback(), this.#r.observe(this), this.requestUpdate();
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this.#r.disconnect(), this.#m();
	}
	shouldUpdate(e) {
		let t = e.get("hass");
		return e.size > 1 || t?.locale !== this.hass.locale || t.themes !== this.hass.themes;
	}
	render() {
		let { hass: e, spec: t, range: n } = this;
		if (!t || !n) return L;
		let r = this.cursor === void 0 || this.cursor < n.from || this.cursor > n.to ? void 0 : this.cursor;
		return I`
      <div
        class="all"
        role="group"
        tabindex="0"
        aria-label=${this.label}
        aria-describedby="help"
        @keydown=${this.#h}
        @wheel=${this.#g}
        @pointerdown=${this.#_}
        @pointermove=${this.#_}
        @pointerup=${this.#_}
        @pointercancel=${this.#_}
      >
        <p class="time quiet">${r === void 0 ? U(e, "chart.latest") : this.#l(r)}</p>
        ${t.marks.length ? this.#c(n) : L}
        ${t.panes.map((e) => I`
            <div class="head">
              <span class="name">${e.name}</span>
              ${e.lines.filter(({ unnamed: e }) => !e).map((t) => this.#a(e, t, r))}
            </div>
            <div class="plot" data-pane=${e.key} role="img" aria-label=${this.#s(e, n)}></div>
          `)}
        <p id="help" class="hidden">${U(e, "chart.help")}</p>
      </div>
      <span class="probe" aria-hidden="true"></span>
    `;
	}
	#a(e, t, n) {
		let r = n === void 0 ? t.points.at(-1)?.value : so(t.points, n, t.step ?? !1);
		return I`
      <span class="entry">
        <svg class="swatch" viewBox="0 0 22 8" aria-hidden="true">
          <line x1="0" x2="22" y1="4" y2="4" stroke="var(--bms-${t.colour})" stroke-width=${t.width ?? 2} stroke-dasharray=${t.dash?.join(" ") ?? "none"} />
        </svg>
        ${t.name} <b>${this.#o(e, r)}</b>
      </span>
    `;
	}
	#o(e, t) {
		return e.flags ? t == null ? "–" : e.flags[+(t > 0)] : V(this.hass, t, e.unit, e.digits);
	}
	#s(e, t) {
		let { hass: n } = this, r = e.lines.map((r) => {
			let i = co(r.points, t, r.step ?? !1);
			if (!i) return U(n, "chart.nothing", { name: r.name });
			let [a, o] = [i.low, i.high].map((t) => this.#o(e, t)), s = i.last === null ? U(n, "chart.unknown") : this.#o(e, i.last);
			return U(n, "chart.summary", {
				name: r.name,
				low: a,
				high: o,
				last: s
			});
		});
		return `${e.name}: ${[...r, ...(e.levels ?? []).map(({ name: e }) => e)].join("; ")}`;
	}
	#c(e) {
		return I`
      <div class="lane" aria-hidden="true">
        ${(this.spec?.marks ?? []).filter(({ time: t }) => t >= e.from && t <= e.to).sort((e, t) => Lo.indexOf(e.severity) - Lo.indexOf(t.severity)).map((t) => I`
              <span
                style="--at: ${(t.time - e.from) / (e.to - e.from)}"
                title=${t.name}
                @click=${() => this.#y("home-bms-mark", t)}
              >
                ${Co(t.severity)}
              </span>
            `)}
      </div>
    `;
	}
	#l(e) {
		let { hass: t } = this;
		return this.spec?.relative ? Do(t, e, 1) : `${H(t, e, "date")}, ${H(t, e, "seconds")}`;
	}
	updated(e) {
		!this.#e.length || Bo.some((t) => e.has(t)) ? this.#u() : e.has("cursor") && this.#p();
	}
	#u() {
		let { spec: e, range: t, width: n } = this;
		if (!e || !t || n <= 66) {
			this.#m();
			return;
		}
		let { locale: r, themes: i } = this.hass, a = JSON.stringify([
			e.relative,
			i,
			r,
			e.panes.map(({ key: e, name: t, levels: n, between: r, lines: i }) => [
				e,
				t,
				n,
				r,
				i.map(({ key: e, colour: t, dash: n, width: r, step: i, band: a }) => [
					e,
					t,
					n,
					r,
					i,
					a
				])
			])
		]);
		a !== this.#t && (this.#m(), this.#d(e), this.#t = a);
		let o = n - 56 - 10;
		e.panes.forEach((r, i) => {
			let a = this.#e[i];
			if (!a) return;
			let s = r.lines.map(({ points: e, step: t = !1, band: n = !1 }) => ({
				points: e,
				step: t,
				band: n
			})), c = this.#f(r, i === e.panes.length - 1);
			a.batch(() => {
				(a.width !== n || a.height !== c) && a.setSize({
					width: n,
					height: c
				}), a.setData(jo(lo(s, t, o)), !1), a.setScale("x", {
					min: t.from,
					max: t.to
				});
			});
		}), this.#p();
	}
	#d(e) {
		let t = this.renderRoot.querySelector(".probe");
		if (!t) return;
		let n = /* @__PURE__ */ new Map(), r = {
			hass: () => this.hass,
			marks: () => this.spec?.marks ?? [],
			relative: e.relative ?? !1,
			font: `12px ${getComputedStyle(this).fontFamily || "sans-serif"}`,
			colour: (e, r = 1) => {
				let i = r === 1 ? `var(--bms-${e})` : `color-mix(in srgb, var(--bms-${e}) ${r * 100}%, transparent)`, a = n.get(i);
				return a === void 0 && (t.style.color = i, n.set(i, a = getComputedStyle(t).color)), a;
			},
			select: (e) => this.#v(e),
			home: () => this.#v(null),
			point: (e, t) => {
				this.#n || (this.cursor = t === null ? void 0 : e.posToVal(t, "x"));
			}
		};
		this.#e = e.panes.map((t, n) => {
			let i = n === e.panes.length - 1, a = this.renderRoot.querySelectorAll(".plot")[n];
			return new io(Ao(t, r, {
				width: this.width,
				height: this.#f(t, i)
			}, i), [[]], a);
		});
	}
	#f(e, t) {
		return (e.flags ? 36 : Math.min(240, Math.max(100, Math.round(this.width * .17)))) + (t ? 28 : 0);
	}
	#p() {
		let { cursor: e } = this;
		this.#n = !0;
		for (let t of this.#e) {
			let n = e === void 0 ? -10 : t.valToPos(e, "x");
			t.cursor.left !== n && t.setCursor({
				left: n,
				top: e === void 0 ? -10 : 0
			}, !1);
		}
		this.#n = !1;
	}
	#m() {
		for (let e of this.#e) e.destroy();
		this.#e = [], this.#t = "";
	}
	#h = (e) => {
		let { range: t } = this;
		if (!t || e.altKey || e.ctrlKey || e.metaKey) return;
		let n = _o[e.key];
		if (n !== void 0) {
			if (e.preventDefault(), n === null) this.#v(null);
			else if ("zoom" in n) this.#v(vo(t, n.zoom));
			else if (e.shiftKey) {
				let e = this.cursor ?? (t.from + t.to) / 2;
				this.cursor = Math.min(t.to, Math.max(t.from, e + Math.sign(n.pan) * zo * (t.to - t.from)));
			} else this.#v(yo(t, n.pan));
		}
	};
	#g = (e) => {
		let { range: t } = this, n = this.width - 56 - 10;
		if (!t || n <= 0) return;
		if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
			e.preventDefault(), this.#v(yo(t, e.deltaX / n));
			return;
		}
		if (!e.ctrlKey && !e.metaKey && this.shadowRoot?.activeElement !== e.currentTarget) return;
		e.preventDefault();
		let r = (e.clientX - this.getBoundingClientRect().left - 56) / n;
		this.#v(vo(t, e.deltaY > 0 ? Ro : 1 / Ro, Math.min(1, Math.max(0, r))));
	};
	#_ = (e) => {
		let { range: t } = this;
		t && this.#i.take(e, t, this.width - 56 - 10, this.getBoundingClientRect().left + 56);
	};
	#v(e) {
		this.#y("home-bms-range", e);
	}
	#y(e, t) {
		this.dispatchEvent(new CustomEvent(e, {
			detail: t,
			bubbles: !0,
			composed: !0
		}));
	}
	static {
		this.styles = [
			a(ao),
			Je,
			o`
      .all {
        position: relative;
        border-radius: 8px;
      }
      .time {
        margin: 0;
        font-size: 0.875rem;
        min-height: 1.3em;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        gap: 0 14px;
        align-items: baseline;
        margin-top: 10px;
        font-size: 0.8125rem;
      }
      .name {
        font-size: 0.9375rem;
        font-weight: 500;
      }
      .entry {
        white-space: nowrap;
      }
      .entry b {
        font-weight: 500;
      }
      .swatch {
        width: 22px;
        height: 8px;
        vertical-align: middle;
      }
      .plot {
        touch-action: pan-y;
        min-height: 36px;
      }
      .uplot {
        font-family: inherit;
      }
      .u-select {
        background: color-mix(in srgb, var(--bms-charge) 20%, transparent);
      }
      .u-hz .u-cursor-x {
        border-right: 1px solid var(--bms-text);
      }
      .lane {
        position: relative;
        height: 20px;
        margin: 4px ${10}px 0 ${56}px;
      }
      .lane span {
        position: absolute;
        left: calc(var(--at) * 100%);
        translate: -50% 0;
        cursor: pointer;
        padding: 2px;
        line-height: 0;
      }
      .shape {
        width: 16px;
        height: 16px;
        fill: currentColor;
        color: var(--bms-bad);
      }
      .shape.info {
        color: var(--bms-quiet);
      }
      .shape.warning {
        color: var(--bms-warn);
      }
      .probe {
        display: none;
      }
    `
		];
	}
}, Ho = {
	systems: "home_bms/systems",
	pack: "home_bms/pack",
	health: "home_bms/health",
	system: "home_bms/system",
	black_boxes: "home_bms/black_boxes",
	black_box: "home_bms/black_box"
}, Uo = class {
	#e;
	#t;
	#n = !1;
	constructor(e, t, n) {
		this.host = e, this.hass = t, this.ask = n, e.addController(this);
	}
	hostConnected() {
		this.#n = !0, this.#a();
	}
	hostUpdated() {
		this.#a();
	}
	hostDisconnected() {
		this.#n = !1, this.#r(void 0), this.#s();
	}
	#r(e) {
		e !== this.#t && (this.#t?.removeEventListener("ready", this.#i), e?.addEventListener("ready", this.#i), this.#t = e);
	}
	#i = () => {
		this.#e && (this.#e.ended = !0), this.#e = void 0, this.#a();
	};
	#a() {
		if (!this.#n) return;
		let e = this.hass();
		this.#r(e?.connection);
		let t = e ? this.ask() : null, n = t ? JSON.stringify(t) : void 0, r = this.refusal !== void 0 && e?.config !== this.#e?.config;
		(n !== this.#e?.text || r) && (this.#s(), e && t && this.#o(e, t));
	}
	#o({ connection: e, config: t }, n) {
		let r = {
			text: JSON.stringify(n),
			config: t,
			ended: !1
		};
		this.#e = r, e.subscribeMessage((e) => {
			r.ended || (this.value = e, this.host.requestUpdate());
		}, n, { resubscribe: !1 }).then((e) => {
			r.ended ? e().catch(() => void 0) : r.unsubscribe = e;
		}, (e) => {
			r.ended || (this.refusal = Wo(e), this.host.requestUpdate());
		});
	}
	#s() {
		this.#e && (this.#e.ended = !0, this.#e.unsubscribe?.().catch(() => void 0)), this.#e = void 0, this.value = void 0, this.refusal = void 0;
	}
};
function Wo(e) {
	let { code: t, message: n } = typeof e == "object" && e ? e : {};
	return {
		code: t ?? "unknown",
		message: n ?? String(e)
	};
}
// src/form.ts
var Go = [{
	name: "device_id",
	label: "form.device",
	help: "form.device_help",
	selector: { device: { filter: [{ integration: "home_bms" }] } }
}, {
	name: "title",
	label: "form.title",
	selector: { text: {} }
}];
function Ko(e) {
	let t = (t) => e.find((e) => e.name === t), n = (e) => e && $e(Qe(), e);
	return {
		schema: e.map(({ name: e, selector: t }) => ({
			name: e,
			selector: t
		})),
		computeLabel: ({ name: e }) => n(t(e)?.label) ?? e,
		computeHelper: ({ name: e }) => n(t(e)?.help)
	};
}
// src/systems.ts
var qo = /* @__PURE__ */ new WeakMap();
function Jo(e) {
	let t = qo.get(e.connection);
	return t || (t = e.callWS({ type: "home_bms/systems" }).then((e) => e.systems), qo.set(e.connection, t), t.then((t) => t.length || qo.delete(e.connection), () => qo.delete(e.connection))), t;
}
function Yo(e) {
	qo.delete(e.connection);
}
function Xo(e, t) {
	let n = e.flatMap((e) => e.packs);
	return t === void 0 ? n[0] : n.find((e) => e.device_id === t) ?? Zo(e, t)?.packs[0];
}
function Zo(e, t) {
	return t === void 0 ? e[0] : e.find((e) => e.device_id === t || [...e.packs, ...e.inverters].some((e) => e.device_id === t));
}
// src/card.ts
var Qo = [
	"connection",
	"config",
	"locale",
	"localize",
	"themes",
	"user"
];
function $o(e, t) {
	return Qo.some((n) => e?.[n] !== t?.[n]);
}
var es = class extends De {
	static {
		this.properties = {
			hass: {
				attribute: !1,
				hasChanged: $o
			},
			config: { state: !0 },
			found: { state: !0 }
		};
	}
	static {
		this.styles = [Je];
	}
	#e = new Uo(this, () => this.hass, () => {
		let e = this.info;
		return e === void 0 ? null : this.ask(e);
	});
	#t;
	static get settings() {
		return Go;
	}
	static getConfigForm() {
		return Ko(this.settings);
	}
	static getStubConfig() {
		return {};
	}
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
		if (!e.has("hass") || !this.hass) return;
		this.toggleAttribute("dark", this.hass.themes.darkMode);
		let t = e.get("hass"), n = !this.found?.length && t?.config !== this.hass.config;
		(t?.connection !== this.hass.connection || n) && this.#n(this.hass);
	}
	async #n(e) {
		try {
			[this.found] = await Promise.all([Jo(e), tt(e)]), this.#t = void 0;
		} catch (e) {
			this.#t = Wo(e);
		}
		this.requestUpdate();
	}
	render() {
		let { hass: e } = this;
		return e ? I`<ha-card>${this.#r(e)}</ha-card>` : L;
	}
	#r(e) {
		let t = this.#t ?? this.#e.refusal;
		if (t) return ts(e, "card.refused", { message: t.message });
		if (!this.found) return ts(e, "card.waiting");
		let { info: n } = this;
		if (n === void 0) return ts(e, this.config?.device_id ? "card.gone" : "card.none");
		if (this.ask(n) === null) return this.draw(e, n, void 0);
		let r = this.#e.value;
		return r === void 0 ? ts(e, "card.waiting") : r === null ? ts(e, "card.gone") : this.draw(e, n, r);
	}
};
function ts(e, t, n) {
	return I`<div class="note" role="status">${U(e, t, n)}</div>`;
}
// src/health/depths.ts
var ns = o`
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
function rs(e, { depths: t }) {
	let n = Math.max(1, ...t), r = 100 / Math.max(1, t.length);
	return I`
    <section class="depths" role="group" aria-labelledby="depths">
      <h3 id="depths">${U(e, "health.depths")}</h3>
      <ol>
        ${t.map((t, i) => {
		let a = Math.round((i + 1) * r), o = U(e, "health.depth", {
			from: Math.round(i * r),
			to: a,
			count: Be(e, t, 1)
		});
		return I`
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
var is = 5, as = 30, os = o`
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
function ss(e, { cells: t }) {
	let n = t.flatMap(({ worn_in: e, worn_soonest: t, worn_latest: n }, r) => B(e) ? [{
		cell: r + 1,
		years: e,
		soonest: t ?? e,
		latest: n ?? Infinity
	}] : []).sort((e, t) => e.years - t.years).slice(0, is), r = Math.min(as, Math.max(10, ...n.map(({ years: e }) => 1.2 * e)));
	return I`
    <section class="forecast" role="group" aria-labelledby="forecast">
      <h3 id="forecast">${U(e, "health.forecast")}</h3>
      ${n.length ? I`<ol>${n.map((t) => cs(e, t, r))}</ol>` : I`<p class="quiet">${U(e, "health.no_wear")}</p>`}
    </section>
  `;
}
function cs(e, { cell: t, years: n, soonest: r, latest: i }, a) {
	let o = (e) => Math.min(100, 100 * e / a);
	return I`
    <li>
      <span>${U(e, "cells.cell", { number: t })}</span>
      <svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
        <rect class="ground" y="5" width="100" height="4" />
        <rect class="probable" y="2" x=${o(r)} width=${o(i) - o(r)} height="10" />
        ${n < a ? ue`<line class="middle" x1=${o(n)} x2=${o(n)} y1="0" y2="14" />` : L}
      </svg>
      <span class="until">
        ${n < as ? U(e, Number.isFinite(i) ? "health.worn" : "health.worn_from", {
		years: Be(e, n, 1),
		low: Be(e, r, 1),
		high: Be(e, i, 1)
	}) : U(e, "health.worn_late", { years: as })}
      </span>
    </li>
  `;
}
// src/health/inspections.ts
var ls = o`
  .inspections ul {
    list-style: none;
    margin: 6px 0 0;
    padding: 0;
    display: grid;
    gap: 6px;
  }
  .inspections li {
    display: flex;
    gap: 8px;
    align-items: flex-start;
  }
  .inspections ha-icon {
    flex: none;
    --mdc-icon-size: 20px;
  }
  .overdue ha-icon {
    color: var(--bms-bad);
  }
  .due ha-icon {
    color: var(--bms-warn);
  }
`, us = {
	overdue: "mdi:alert-circle",
	due: "mdi:wrench-clock",
	coming: "mdi:calendar-clock"
};
function ds(e, { inspections: t }) {
	return I`
    <section class="inspections" role="group" aria-labelledby="inspections">
      <h3 id="inspections">${U(e, "health.inspections")}</h3>
      ${t.length ? I`<ul>${t.map((t) => fs(e, t))}</ul>` : I`<p class="quiet">${U(e, "health.no_inspections")}</p>`}
    </section>
  `;
}
function fs(e, { item: t, standing: n, due: r, cells: i, whole_system: a }) {
	let o = [
		U(e, `health.${n}`, { date: H(e, r, "date") }),
		...i.map((t) => U(e, "cells.cell", { number: t })),
		a ? U(e, "health.whole_system") : ""
	].filter(Boolean);
	return I`
    <li class=${n}>
      <ha-icon icon=${us[n] ?? L} aria-hidden="true"></ha-icon>
      <div>
        <div>${W(e, "inspection", t)}</div>
        <div class="quiet small">${o.join(" · ")}</div>
      </div>
    </li>
  `;
}
// src/cells/measure.ts
var ps = () => [], ms = (e) => (t, n) => [0, 1.1 * Math.max(e, ...n)], hs = 1.96, gs = (e) => ({ cells: t }) => t.map(e), _s = {
	place: "cells.cell",
	marks: ps,
	signed: !1
}, vs = [
	{
		..._s,
		key: "capacity",
		name: "health.capacity",
		values: gs((e) => e.capacity),
		text: (e, t) => V(e, t, "Ah", 1),
		range: (e, t) => [0, Math.max(e.capacity, ...t) * 1.05],
		band: ({ cells: e }, t) => {
			let { capacity: n, capacity_deviation: r } = e[t] ?? {};
			return B(n) && B(r) ? [n - hs * r, n + hs * r] : void 0;
		}
	},
	{
		..._s,
		key: "resistance",
		name: "health.resistance",
		values: gs((e) => e.resistance),
		text: (e, t) => V(e, t, "mΩ", 2),
		range: ms(.1)
	},
	{
		..._s,
		key: "joint",
		name: "health.joint",
		values: gs((e) => e.joint),
		text: (e, t) => V(e, t, "mΩ", 3),
		range: ms(.1)
	},
	{
		..._s,
		key: "surplus",
		name: "health.surplus",
		values: gs((e) => e.surplus),
		text: (e, t) => V(e, t, "Ah", 2),
		range: ms(.1)
	},
	{
		..._s,
		key: "self_discharge",
		name: "health.self_discharge",
		values: gs((e) => e.self_discharge),
		text: (e, t) => V(e, t, "mA", 2),
		range: (e, t) => {
			let n = 1.1 * Math.max(1, ...t.map(Math.abs));
			return [-n, n];
		},
		signed: !0
	},
	{
		..._s,
		key: "balanced",
		name: "health.balanced",
		values: gs((e) => e.balanced),
		text: (e, t) => V(e, t, "Ah", 2),
		range: ms(.1)
	}
], ys = [
	{
		name: "health.soh",
		text: (e, { soh: t }) => V(e, t, "%", 1)
	},
	{
		name: "health.capacity",
		text: (e, { capacity: t, capacity_deviation: n, rated: r }) => U(e, B(n) ? "health.of_rated" : "health.of_rated_alone", {
			capacity: Be(e, t, 1),
			deviation: Be(e, n === null ? null : hs * n, 1),
			rated: V(e, r, "Ah")
		})
	},
	{
		name: "health.cycles",
		text: (e, { cycles: t }) => Be(e, t, 1)
	},
	{
		name: "health.energy_in",
		text: (e, { energy_in: t }) => We(e, t)
	},
	{
		name: "health.energy_out",
		text: (e, { energy_out: t }) => We(e, t)
	},
	{
		name: "health.efficiency",
		text: (e, { efficiency: t }) => V(e, t, "%", 1)
	},
	{
		name: "health.plating",
		text: (e, { plating: t }) => V(e, t, "Ah", 1)
	},
	{
		name: "health.since_full",
		text: (e, { since_full: t }) => t === 0 ? U(e, "health.full_now") : qe(e, t)
	}
], bs = class extends es {
	find(e) {
		return Xo(e, this.config?.device_id);
	}
	ask(e) {
		return {
			type: Ho.health,
			device_id: e.device_id
		};
	}
	draw(e, t, n) {
		return I`
      <div class="body">
        <h2>${this.config?.title ?? U(e, "health.title", { name: t.name })}</h2>
        ${xs(e, t, n)}
        <dl>
          ${ys.map(({ name: t, text: r }) => I`<div><dt class="quiet">${U(e, t)}</dt><dd>${r(e, n)}</dd></div>`)}
        </dl>
        <home-bms-cells .hass=${e} .info=${t} .measures=${vs} .shown=${n} ?dark=${e.themes.darkMode}></home-bms-cells>
        <div class="pair">${ss(e, n)} ${rs(e, n)} ${ds(e, n)}</div>
      </div>
    `;
	}
	getCardSize() {
		return 9;
	}
	static {
		this.styles = [
			...es.styles,
			os,
			ns,
			ls,
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
function xs(e, t, { findings: n, capacity_deviation: r }) {
	return n.length ? I`
    <ul class="findings" aria-label=${U(e, "health.findings")}>
      ${n.map(({ kind: n, cell: r, since: i, confidence: a }) => I`
          <li>
            <ha-icon icon="mdi:stethoscope" aria-hidden="true"></ha-icon>
            <div>
              <div>${W(e, "finding", n, {
		name: t.name,
		...r === null ? {} : { cell: r }
	})}</div>
              <div class="quiet small">
                ${U(e, "health.sure", { percent: Be(e, 100 * a) })}${i === null ? L : ` · ${U(e, "pack.since", { time: H(e, i, "date") })}`}
              </div>
            </div>
          </li>
        `)}
    </ul>
    <a class="small" href="/config/repairs">${U(e, "health.what_to_do")}</a>
  ` : I`<div class="quiet" role="status">${U(e, B(r) ? "health.nothing_found" : "health.nothing_learned")}</div>`;
}
// src/offers.ts
var Ss = [
	"pack",
	"timeline",
	"health",
	"system"
], Cs = (e) => $e(Qe(), e);
function ws(e) {
	let t = `home-bms-${e}-card`;
	return {
		type: t,
		get name() {
			return Cs(`offer.${e}`);
		},
		get description() {
			return Cs(`offer.${e}_help`);
		},
		preview: !0,
		getEntitySuggestion(n, r) {
			let i = n.entities?.[r];
			return i?.platform !== "home_bms" || i.device_id === void 0 ? null : {
				config: {
					type: `custom:${t}`,
					device_id: i.device_id
				},
				label: Cs(`offer.${e}`)
			};
		}
	};
}
var Ts = Ss.map(ws), Es = {
	type: "home-bms",
	strategyType: "dashboard",
	get name() {
		return Cs("offer.dashboard");
	},
	get description() {
		return Cs("offer.dashboard_help");
	}
}, Ds = {
	float: null,
	pack_unseen: null,
	limit_reached: null,
	coming_back: null,
	settling: "why.of",
	absorption_over: "why.of",
	current_limit_ignored: "why.most",
	charge_voltage_ignored: "why.most",
	setpoint_ignored: "why.most",
	switch_ignored: "why.most"
};
function Os(e, t, n) {
	let r = ks(e, n);
	return r ? `${W(e, t, n.rule)} (${r})` : W(e, t, n.rule);
}
function ks(e, t) {
	let n = t.cell === null ? t.sensor === null ? "" : U(e, "why.sensor", { number: t.sensor }) : U(e, "why.cell", { number: t.cell }), r = Ds[t.rule];
	if (!B(t.value) || r === null) return n;
	let i = As(e, t.value, t.unit), a = n ? U(e, "why.at", {
		where: n,
		value: i
	}) : i;
	return B(t.threshold) ? U(e, r ?? "why.from", {
		what: a,
		threshold: As(e, t.threshold, t.unit)
	}) : a;
}
function As(e, t, n) {
	return n === "°C" ? He(e, t, 1) : n === null ? V(e, t, "", 1).trim() : V(e, t, n, n === "V" ? Math.abs(t) < 10 ? 3 : 1 : +(Math.abs(t) < 100));
}
// src/pack/alarms.ts
var js = o`
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
`, Ms = {
	warn: "mdi:alert-outline",
	derate: "mdi:arrow-down-bold-circle-outline",
	protect: "mdi:hand-back-right",
	trip: "mdi:alert-octagon"
};
function Ns(e, t, n) {
	if (!t.alarms.length) return L;
	let r = new Set(t.alarms.map((e) => e.key)), i = t.alarms.filter(({ cause: e }) => e === null || !r.has(e));
	return I`
    <section class="alarms" role="alert" aria-label=${U(e, "pack.alarms")}>
      <ul>
        ${i.map((n) => Ps(e, n, t.alarms, /* @__PURE__ */ new Set()))}
      </ul>
      <div class="actions">
        <button type="button" @click=${n.evidence}>${U(e, "pack.evidence")}</button>
        ${t.tripped && n.reset ? I`<button type="button" @click=${n.reset}>${U(e, "pack.reset")}</button>` : L}
      </div>
    </section>
  `;
}
function Ps(e, t, n, r) {
	let i = /* @__PURE__ */ new Set([...r, t.key]), a = n.filter(({ cause: e, key: n }) => e === t.key && !i.has(n)), o = ks(e, t.why);
	return I`
    <li>
      <div class="alarm ${t.level}">
        <ha-icon icon=${Ms[t.level] ?? "mdi:alert-outline"} aria-hidden="true"></ha-icon>
        <div>
          <div>${W(e, "protection", t.key)} · ${W(e, "level", t.level)}</div>
          <div class="facts quiet">
            ${o}${o && t.why.since !== null ? " · " : ""}${t.why.since === null ? L : U(e, "pack.since", { time: H(e, t.why.since, "seconds") })}
          </div>
        </div>
      </div>
      ${a.length ? I`<ul>${a.map((t) => Ps(e, t, n, i))}</ul>` : L}
    </li>
  `;
}
// src/flow.ts
var Fs = .5, Is = ["charge", "discharge"];
function Ls(e) {
	return B(e) ? Math.abs(e) <= Fs ? "resting" : e > 0 ? "charging" : "discharging" : "unknown";
}
// src/pack/charge.ts
var Rs = o`
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
function zs(e, t, n) {
	let { soc: r, soc_low: i, soc_high: a, current: o } = n, s = Ls(o), c = B(i) && B(a) ? U(e, "pack.band", {
		low: Be(e, i),
		high: Be(e, a)
	}) : "";
	return I`
    <section class="charge" role="group" aria-label=${U(e, "pack.charge")}>
      <div class="soc">
        ${V(e, r, "%")}${c ? I`<small class="quiet" title=${U(e, "pack.band_why")}>${c}</small>` : L}
      </div>
      <div class="flow ${s}">
        <div class="watts">${s === "unknown" ? L : Ws(s)} ${Ue(e, B(n.power) ? Math.abs(n.power) : n.power)}</div>
      </div>
      ${Bs(e, n)}
      <div class="quiet">${Vs(e, t, n)}</div>
      <div class="flow quiet">
        ${s === "unknown" ? L : `${U(e, `pack.${s}`)} · `}${V(e, n.voltage, "V", 1)} · ${V(e, o, "A", 1)}
      </div>
    </section>
  `;
}
function Bs(e, { soc: t, soc_low: n, soc_high: r }) {
	return I`
    <svg class="bar" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label=${B(t) ? U(e, "pack.bar", {
		soc: Be(e, t),
		low: Be(e, n),
		high: Be(e, r)
	}) : U(e, "pack.bar_unknown")}>
      <rect class="ground" width="100" height="20" rx="1" />
      ${B(t) ? ue`<rect class="full" width=${Us(t)} height="20" rx="1" />` : L}
      ${B(n) && B(r) ? ue`<rect class="doubt" x=${Us(n)} width=${Us(r) - Us(n)} height="20" />` : L}
      ${B(t) ? ue`<line class="now" x1=${Us(t)} x2=${Us(t)} y1="0" y2="20" />` : L}
    </svg>
  `;
}
function Vs(e, t, n) {
	let r = [We(e, n.stored_energy)], [i, a] = Ls(n.current) === "charging" ? ["time_to_full", "pack.until_full"] : ["time_to_empty", "pack.until_empty"], o = e.states[t.entities[i] ?? ""], s = Number(o?.state) * (Hs[String(o?.attributes.unit_of_measurement)] ?? NaN);
	return s > 0 && r.push(U(e, a, { time: qe(e, s) })), r.join(" · ");
}
var Hs = {
	s: 1,
	min: 60,
	h: 3600,
	d: 86400
}, Us = (e) => Math.min(100, Math.max(0, e));
function Ws(e) {
	return I`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${{
		charging: "M11 3h2v9h4l-5 6-5-6h4z M4 20h16v2H4z",
		discharging: "M12 2l5 6h-4v9h-2V8H7z M4 20h16v2H4z",
		resting: "M5 8h14v2H5z M5 14h14v2H5z"
	}[e]} /></svg>`;
}
// src/pack/limits.ts
var Gs = o`
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
    align-items: baseline;
    gap: 0 8px;
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
  .limit .switch {
    display: flex;
    gap: 6px;
    align-items: center;
  }
  .limit .switch ha-icon {
    flex: none;
    --mdc-icon-size: 18px;
  }
`, Ks = {
	open: "mdi:electric-switch",
	opening: "mdi:electric-switch",
	closed: "mdi:electric-switch-closed",
	closing: "mdi:electric-switch-closed",
	precharge: "mdi:resistor",
	failed: "mdi:alert-octagon",
	unknown: "mdi:help-circle-outline"
}, qs = /* @__PURE__ */ new Set([
	"open",
	"closed",
	"unknown"
]);
function Js(e, t) {
	return I`<section class="limits" role="group" aria-label=${U(e, "pack.limits")}>
    ${Is.map((n) => Ys(e, t, n))}
  </section>`;
}
function Ys(e, t, n) {
	let r = t[`${n}_limit`], i = t[`${n}_switch`], a = B(t.current) ? Math.max(0, n === "charge" ? t.current : -t.current) : null, o = V(e, r.value, "A", +(r.value > 0 && r.value < 10)), s = !t.acting && !qs.has(i), c = t.one_contactor ? U(e, "pack.contactor") : U(e, `pack.${n}_switch`);
	return I`
    <div class="limit ${n}-side">
      <div class="line">
        <h3>${U(e, `pack.${n}_limit`)}</h3>
        <span>${U(e, "pack.of_most", {
		value: o,
		most: Be(e, r.most)
	})}</span>
      </div>
      ${Xs(e, r, a, n)}
      <div class="why quiet">${Os(e, "limit", r.why)}</div>
      <div class="switch">
        <ha-icon icon=${(s ? void 0 : Ks[i]) ?? "mdi:help-circle-outline"} aria-hidden="true"></ha-icon>
        <span>
          ${c}: ${s ? U(e, "pack.would_move") : W(e, "contactor", i)}${t.acting ? L : I` <span class="quiet">(${U(e, "pack.watching")})</span>`}
        </span>
      </div>
    </div>
  `;
}
function Xs(e, { value: t, most: n }, r, i) {
	let a = (e) => n > 0 ? Math.min(100, 100 * e / n) : 0;
	return I`
    <svg class="gauge" viewBox="0 0 100 14" preserveAspectRatio="none" role="img" aria-label=${U(e, "pack.gauge", {
		side: U(e, `pack.${i}_limit`),
		value: Be(e, t),
		most: Be(e, n),
		flowing: Be(e, r, 1)
	})}>
      <rect class="ground" y="4" width="100" height="6" />
      <rect class="permitted" y="2" width=${a(t)} height="10" />
      ${B(r) ? ue`<line class="needle" x1=${a(r)} x2=${a(r)} y1="0" y2="14" />` : L}
    </svg>
  `;
}
// src/pack/measures.ts
var Zs = {
	place: "cells.cell",
	bled: ({ bleeding: e }, t) => e?.[t] ?? !1
}, Qs = (e) => ({ doubts: t }, n) => t[`${e}_${n + 1}`], $s = .01, ec = [
	{
		key: "voltage",
		name: "cells.voltage",
		...Zs,
		doubt: Qs("cell"),
		values: (e) => e.voltages,
		text: (e, t) => V(e, t, "V", 3),
		range: ({ cell_voltage: e }) => [e.low, e.high],
		marks: ({ cell_voltage: { low_protect: e, high_protect: t } }) => [e, t].filter(B),
		signed: !1
	},
	{
		key: "difference",
		name: "cells.difference",
		...Zs,
		doubt: Qs("cell"),
		values: ({ voltages: e }) => {
			let t = e.filter(B), n = t.reduce((e, t) => e + t, 0) / t.length;
			return e.map((e) => e === null ? null : e - n);
		},
		text: (e, t) => V(e, t === null ? null : t * 1e3, "mV", 1),
		range: (e, t) => {
			let n = Math.max($s, ...t.map(Math.abs));
			return [-n, n];
		},
		marks: ps,
		signed: !0
	},
	{
		key: "temperature",
		name: "cells.temperature",
		place: "cells.sensor",
		doubt: Qs("temperature"),
		values: (e) => e.temperatures,
		text: (e, t) => He(e, t, 1),
		range: ({ temperature: e }) => [e.low, e.high],
		marks: ({ temperature: { low_protect: e, high_protect: t } }) => [e, t].filter(B),
		signed: !1
	},
	{
		key: "resistance",
		name: "cells.resistance",
		...Zs,
		values: (e) => e.resistances,
		text: (e, t) => V(e, t, "mΩ", 2),
		range: ms(.1),
		marks: ps,
		signed: !1
	},
	{
		key: "surplus",
		name: "cells.surplus",
		...Zs,
		values: (e) => e.surpluses,
		text: (e, t) => V(e, t, "Ah", 2),
		range: ms(.1),
		marks: ps,
		signed: !1
	}
], tc = {
	starting: "mdi:timer-sand",
	lost: "mdi:lan-disconnect",
	tripped: "mdi:alert-octagon",
	protected: "mdi:shield-alert",
	full: "mdi:battery",
	empty: "mdi:battery-outline",
	charging: "mdi:battery-arrow-up",
	discharging: "mdi:battery-arrow-down",
	idle: "mdi:battery-medium"
}, nc = class extends es {
	find(e) {
		return Xo(e, this.config?.device_id);
	}
	ask(e) {
		return {
			type: Ho.pack,
			device_id: e.device_id
		};
	}
	draw(e, t, n) {
		let r = t.entities.reset_trips, i = r === void 0 ? void 0 : () => rc(e, r);
		return I`
      <div class="body">
        <div class="head">
          <h2>${this.config?.title ?? t.name}</h2>
          <span class="mode">
            <ha-icon icon=${tc[n.mode] ?? "mdi:battery"} aria-hidden="true"></ha-icon>
            ${W(e, "mode", n.mode)}
          </span>
        </div>
        ${ic(e, n)} ${zs(e, t, n)}
        ${Ns(e, n, {
			reset: i,
			evidence: () => this.#e()
		})} ${Js(e, n)}
        ${this.config?.cells === !1 ? L : I`<home-bms-cells .hass=${e} .info=${t} .measures=${ec} .shown=${n} ?dark=${e.themes.darkMode}></home-bms-cells>`}
        <div class="quiet small">${ac(e, n)}</div>
        <home-bms-black-box .hass=${e} .info=${t} ?dark=${e.themes.darkMode}></home-bms-black-box>
      </div>
    `;
	}
	#e() {
		this.renderRoot.querySelector("home-bms-black-box")?.show(null);
	}
	static get settings() {
		return [...Go, {
			name: "cells",
			label: "form.cells",
			selector: { boolean: {} }
		}];
	}
	getCardSize() {
		return this.config?.cells === !1 ? 6 : 10;
	}
	static {
		this.styles = [
			...es.styles,
			Rs,
			js,
			Gs,
			o`
      .head {
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
      .state::first-letter {
        text-transform: uppercase;
      }
    `
		];
	}
};
function rc(e, t) {
	e.callService("button", "press", {}, { entity_id: t }).catch(() => void 0);
}
function ic(e, t) {
	let n = [
		t.link === "connected" ? "" : W(e, "link", t.link),
		t.link === "connected" || t.age === null ? "" : U(e, "pack.silent", { time: qe(e, t.age) }),
		t.quality === "good" ? "" : U(e, "pack.quality", { quality: W(e, "quality", t.quality) })
	].filter(Boolean);
	return n.length ? I`<div class="small state" role="status">${n.join(" · ")}</div>` : L;
}
function ac(e, t) {
	let n = U(e, t.balancing === null ? "pack.balancing_unknown" : t.balancing ? "pack.balancing" : "pack.not_balancing"), r = t.balance_remaining === null ? "" : ` · ${U(e, "pack.left", { time: qe(e, t.balance_remaining) })}`;
	return `${n}: ${Os(e, "balance", t.balance)}${r}`;
}
// src/strategy.ts
var oc = (e, t, n = {}) => ({
	type: `custom:home-bms-${e}-card`,
	device_id: t.device_id,
	...n
}), sc = (e, t, n = {}) => ({ packs: r }) => r.map((r) => [oc(e, r, n), t]), cc = [
	"finding",
	"tripped",
	"since_full",
	"data_quality",
	"link_quality",
	"full_cycles",
	"worn_out",
	"reset_trips"
];
function lc(e, t) {
	let n = t.map((t) => e.entities[t]).filter((e) => e !== void 0);
	return {
		type: "entities",
		title: e.name,
		entities: n.map((e) => ({
			entity: e,
			name: { type: "entity" }
		}))
	};
}
function uc({ entities: e, name: t }) {
	return e.inspections === void 0 ? [] : [[{
		type: "todo-list",
		entity: e.inspections,
		title: t
	}, 1]];
}
var dc = [
	{
		key: "now",
		icon: "mdi:battery-charging",
		cards: (e) => [[oc("system", e), 1], ...sc("pack", 1, { cells: !1 })(e)]
	},
	{
		key: "cells",
		icon: "mdi:view-grid",
		cards: (e) => sc("pack", e.packs.length > 2 ? 1 : 2)(e)
	},
	{
		key: "history",
		icon: "mdi:chart-line",
		cards: sc("timeline", 4)
	},
	{
		key: "health",
		icon: "mdi:heart-pulse",
		cards: sc("health", 2)
	},
	{
		key: "system",
		icon: "mdi:sitemap",
		cards: (e) => [[oc("system", e), 4]]
	},
	{
		key: "maintenance",
		icon: "mdi:wrench",
		cards: (e) => [
			...uc(e),
			[lc(e, [
				"allow_control",
				"lease",
				"lease_until",
				"reserve"
			]), 1],
			...e.packs.map((e) => [lc(e, cc), 1])
		]
	}
], fc = class extends HTMLElement {
	static async generate({ device_id: e }, t) {
		Yo(t), tt(t).catch(() => void 0);
		let n = await Jo(t), r = e === void 0 ? n : [Zo(n, e)].filter((e) => e !== void 0);
		if (!r.some(({ packs: e }) => e.length)) {
			let n = {
				type: "custom:home-bms-pack-card",
				...e !== void 0 && { device_id: e }
			};
			return { views: [{
				title: U(t, "view.now"),
				cards: [n]
			}] };
		}
		return {
			title: r.map(({ name: e }) => e).join(", "),
			views: dc.map((e) => pc(t, e, r))
		};
	}
};
function pc(e, t, n) {
	return {
		title: U(e, `view.${t.key}`),
		path: t.key,
		icon: t.icon,
		type: "sections",
		max_columns: 6,
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
// src/system/asks.ts
var mc = {
	charge_power: (e, t) => U(e, "ask.charge_limit", { value: Ue(e, t) }),
	discharge_power: (e, t) => U(e, "ask.discharge_limit", { value: Ue(e, t) }),
	charge_current: (e, t) => U(e, "ask.charge_limit", { value: V(e, t, "A", 1) }),
	discharge_current: (e, t) => U(e, "ask.discharge_limit", { value: V(e, t, "A", 1) }),
	reserve: (e, t) => U(e, "ask.reserve", { value: V(e, t, "%") }),
	charge_to: (e, t) => U(e, "ask.charge_to", { value: V(e, t, "%") }),
	power: (e, t) => t === 0 ? U(e, "ask.rest") : U(e, t > 0 ? "ask.charge" : "ask.discharge", { value: Ue(e, Math.abs(t)) })
};
function hc(e, t, n) {
	return mc[t]?.(e, n) ?? `${t.replaceAll("_", " ")} ${n}`;
}
function gc({ owner: e, until: t }) {
	return e === _c && t === null;
}
var _c = "user", vc = [
	"",
	"power",
	"reserve"
];
function yc(e, t) {
	return gc(t) ? U(e, "system.your_reserve") : vc.includes(t.name) ? t.owner : `${t.owner} · ${t.name}`;
}
function bc(e, t) {
	return t === _c ? U(e, "system.you") : t;
}
function xc(e, t, n) {
	return n === null ? U(e, "lease.endless") : U(e, "lease.until", { time: Sc(e, t, n) });
}
function Sc(e, t, n) {
	return H(e, n, H(e, t, "date") === H(e, n, "date") ? "time" : "both");
}
// src/system/limiter.ts
var Cc = ["recovering", "starting"];
function wc(e, t) {
	let { value: n, most: r, why: i } = e[`${t}_limit`], a = Tc(e, t);
	if (a) return {
		by: "lease",
		claim: a
	};
	if (n >= r) return { by: "nobody" };
	let o = e.packs.find(({ device_id: n }) => n === e[`weakest_${t}`]);
	return o === void 0 || Cc.includes(i.rule) && o[`${t}_limit`].why.rule !== i.rule ? { by: "battery" } : {
		by: "pack",
		deviceId: o.device_id,
		name: o.name
	};
}
function Tc({ claims: e, ...t }, n) {
	let { rule: r, threshold: i } = t[`${n}_limit`].why, a = (t) => e.find((e) => e.part === t && e.overridden_by === null);
	if (r === "leased") {
		let e = a(`${n}_current`);
		return e?.value === i ? e : a(`${n}_power`) ?? e;
	}
	let o = a("reserve");
	return n === "discharge" && r === "soc_window" && o?.value === i ? o : void 0;
}
function Ec(e, t, n) {
	let r = t[`${n}_limit`], i = wc(t, n), a = kc(e, r.value);
	if (i.by === "nobody") return U(e, `unlimited.${n}`, { value: a });
	let o = {
		value: a,
		who: Dc(e, i),
		why: i.by === "lease" && !gc(i.claim) ? Oc(e, t, i.claim) : Os(e, "limit", r.why)
	};
	return U(e, t.acting ? `limits.${n}` : `would_limit.${n}`, o);
}
function Dc(e, t) {
	return t.by === "pack" ? t.name : t.by === "lease" ? yc(e, t.claim) : U(e, "system.the_battery");
}
function Oc(e, t, n) {
	return [hc(e, n.part, n.value), xc(e, t.time, n.until)].join(", ");
}
function kc(e, t) {
	return V(e, t, "A", +(t !== null && t > 0 && t < 10));
}
// src/system/mark.ts
function Ac(e, { acting: t }, n) {
	return n.length ? I`<div class="mark">
    ${n.map((n) => I`<div>
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M1 3 10 10.500V13.500L1 21Z M23 3 14 10.500V13.500L23 21Z M8 11H16V13H8Z" /></svg>
        ${U(e, t ? `limiting.${n}` : `would_be_limiting.${n}`)}
      </div>`)}
  </div>` : L;
}
// src/system/grid.ts
var jc = 2;
function Mc(e, t, n) {
	let r = t.claims.find(gc), i = t.leases.filter((e) => e.in_force), a = t.leases.filter((e) => !e.in_force), o = a.map((r) => Pc(e, t, r, n));
	return I`
    <section class="grid" role="group" aria-label=${U(e, "system.leases")}>
      <div class="head">
        <h3>${U(e, "system.leases")}</h3>
        <span class="small">${Nc(e, t)}</span>
      </div>
      ${i.length || r ? I`<ul>
            ${i.map((r) => Pc(e, t, r, n))} ${r ? Lc(e, t, r) : L}
          </ul>` : I`<div class="small quiet">${U(e, "lease.none")}</div>`}
      ${a.length ? I`<h4>${U(e, "lease.to_come")}</h4><ul>${o.slice(0, jc)}</ul>` : L}
      ${a.length > jc ? I`<details>
            <summary>${U(e, "lease.more", { number: a.length - jc })}</summary>
            <ul>${o.slice(jc)}</ul>
          </details>` : L}
    </section>
  `;
}
function Nc(e, t) {
	let n = (e) => t.claims.find((t) => t.part === e && t.overridden_by === null), r = n("power"), i = n("reserve")?.value ?? t.reserve, a = B(t.setpoint) ? hc(e, "power", t.setpoint) : "", o = r !== void 0 && B(t.setpoint) && Math.abs(r.value - t.setpoint) >= 1;
	return [a ? o ? U(e, "lease.narrowed", {
		what: a,
		asked: hc(e, "power", r.value)
	}) : U(e, "lease.setpoint", { what: a }) : U(e, "lease.no_setpoint"), i ? U(e, "ask.reserve", { value: V(e, i, "%") }) : U(e, "lease.no_reserve")].join(" · ");
}
function Pc(e, t, n, r) {
	let i = yc(e, {
		...n,
		until: n.end
	}), a = t.claims.filter(({ owner: e, name: t }) => e === n.owner && t === n.name), o = Rc(t, (e) => a.includes(e)), s = n.in_force ? xc(e, t.time, n.end) : U(e, "lease.span", {
		start: Sc(e, t.time, n.start),
		end: Sc(e, n.start, n.end)
	});
	return I`
    <li class="box lease ${o.length ? "limiting" : ""}">
      <div class="head">
        <strong>${i}</strong>
        ${r ? I`<button type="button" aria-label=${U(e, "release.of", { who: i })} @click=${() => r(n)}>${U(e, "release.button")}</button>` : L}
      </div>
      <ul class="asks">
        ${Fc(e, n).map(([t, r]) => I`<li>${r}${Ic(e, a.find((e) => e.part === t), n)}</li>`)}
      </ul>
      <div class="small">${[s, n.repeats ? U(e, "lease.repeats") : ""].filter(Boolean).join(" · ")}</div>
      ${n.reason ? I`<div class="small quiet">${n.reason}</div>` : L} ${Ac(e, t, o)}
    </li>
  `;
}
function Fc(e, { asks: t }) {
	return Object.entries(t).map(([n, r]) => n === "charge_to" ? ["power", hc(e, n, r)] : n === "power" && t.charge_to !== void 0 ? ["", hc(e, "charge_power", r)] : [n, hc(e, n, r)]);
}
function Ic(e, t, n) {
	return t ? t.overridden_by === null ? t.part === "power" && n?.asks.charge_to !== void 0 ? I` <span class="quiet">(${U(e, "lease.now", { value: Ue(e, t.value) })})</span>` : L : I` <span class="lost">(${U(e, "lease.overridden", { who: bc(e, t.overridden_by) })})</span>` : L;
}
function Lc(e, t, n) {
	let r = Rc(t, (e) => e === n);
	return I`
    <li class="box lease ${r.length ? "limiting" : ""}">
      <strong>${yc(e, n)}</strong>
      <div>${V(e, n.value, "%")}${Ic(e, n)}</div>
      <div class="small">${xc(e, t.time, n.until)}</div>
      ${Ac(e, t, r)}
    </li>
  `;
}
function Rc(e, t) {
	return Is.filter((n) => {
		let r = wc(e, n);
		return r.by === "lease" && t(r.claim);
	});
}
var zc = o`
  .grid {
    display: grid;
    gap: 8px;
  }
  h4 {
    margin: 4px 0 0;
    font-weight: 500;
    font-size: 0.875rem;
  }
  .grid > ul,
  details > ul {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr));
    gap: 8px;
  }
  details > ul {
    margin-top: 8px;
  }
  summary {
    cursor: pointer;
    min-height: 24px;
  }
  .lease {
    align-content: start;
  }
  .lease .head {
    align-items: start;
    flex-wrap: nowrap;
  }
  .lease button {
    flex: none;
    min-height: 32px;
    padding: 2px 10px;
    font-size: 0.875rem;
  }
  .lost {
    font-style: italic;
  }
`, Bc = class extends De {
	static {
		this.properties = {
			hass: { attribute: !1 },
			deviceId: { attribute: !1 },
			system: { attribute: !1 },
			lease: { attribute: !1 },
			busy: { state: !0 },
			trouble: { state: !0 }
		};
	}
	firstUpdated() {
		this.#e?.showModal();
	}
	get #e() {
		return this.renderRoot.querySelector("dialog");
	}
	render() {
		let { hass: e, lease: t, system: n } = this;
		return I`
      <dialog aria-labelledby="title" @close=${() => this.dispatchEvent(new Event("done"))}>
        <h2 id="title">${U(e, "release.title", { who: yc(e, {
			...t,
			until: t.end
		}) })}</h2>
        <p>${[...Fc(e, t).map(([, e]) => e), xc(e, n.time, t.end)].join(" · ")}</p>
        <p class="quiet">${U(e, t.repeats ? "release.repeats" : "release.once")}</p>
        ${this.trouble === void 0 ? L : I`<p role="alert">${U(e, "release.refused", { message: this.trouble })}</p>`}
        <div class="actions">
          <button type="button" class="keep" @click=${() => this.#e?.close()}>${U(e, "release.keep")}</button>
          <button type="button" class="end" ?disabled=${this.busy ?? !1} @click=${this.#t}>${U(e, "release.button")}</button>
        </div>
      </dialog>
    `;
	}
	#t = async () => {
		let { owner: e, name: t } = this.lease;
		this.busy = !0;
		try {
			await this.hass.callService("home_bms", "release", {
				device_id: this.deviceId,
				owner: e,
				name: t
			}), this.#e?.close();
		} catch (e) {
			this.trouble = Wo(e).message;
		}
		this.busy = !1;
	};
	static {
		this.styles = [Je, o`
      dialog {
        max-width: min(420px, calc(100vw - 32px));
        box-sizing: border-box;
        padding: 20px;
        border: 1px solid var(--bms-line);
        border-radius: 12px;
        color: var(--bms-text);
        background: var(--card-background-color, light-dark(#fff, #1c1c1c));
      }
      dialog::backdrop {
        background: #0008;
      }
      p {
        margin: 12px 0 0;
        overflow-wrap: anywhere;
      }
      [role="alert"] {
        color: var(--bms-bad);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 8px;
        margin-top: 20px;
      }
      .end {
        border-color: var(--bms-bad);
        color: var(--bms-bad);
      }
    `];
	}
}, { I: Vc } = Ce, Hc = (e) => e, Uc = () => document.createComment(""), Wc = (e, t, n) => {
	let r = e._$AA.parentNode, i = t === void 0 ? e._$AB : t._$AA;
	if (n === void 0) n = new Vc(r.insertBefore(Uc(), i), r.insertBefore(Uc(), i), e, e.options);
	else {
		let t = n._$AB.nextSibling, a = n._$AM, o = a !== e;
		if (o) {
			let t;
			n._$AQ?.(e), n._$AM = e, n._$AP !== void 0 && (t = e._$AU) !== a._$AU && n._$AP(t);
		}
		if (t !== i || o) {
			let e = n._$AA;
			for (; e !== t;) {
				let t = Hc(e).nextSibling;
				Hc(r).insertBefore(e, i), e = t;
			}
		}
	}
	return n;
}, Gc = (e, t, n = e) => (e._$AI(t, n), e), Kc = {}, qc = (e, t = Kc) => e._$AH = t, Jc = (e) => e._$AH, Yc = (e) => {
	e._$AR(), e._$AA.remove();
}, Xc = (e, t, n) => {
	let r = /* @__PURE__ */ new Map();
	for (let i = t; i <= n; i++) r.set(e[i], i);
	return r;
}, Zc = Ae(class extends je {
	constructor(e) {
		if (super(e), e.type !== ke.CHILD) throw Error("repeat() can only be used in text expressions");
	}
	dt(e, t, n) {
		let r;
		n === void 0 ? n = t : t !== void 0 && (r = t);
		let i = [], a = [], o = 0;
		for (let t of e) i[o] = r ? r(t, o) : o, a[o] = n(t, o), o++;
		return {
			values: a,
			keys: i
		};
	}
	render(e, t, n) {
		return this.dt(e, t, n).values;
	}
	update(e, [t, n, r]) {
		let i = Jc(e), { values: a, keys: o } = this.dt(t, n, r);
		if (!Array.isArray(i)) return this.ut = o, a;
		let s = this.ut ??= [], c = [], l, u, d = 0, f = i.length - 1, p = 0, m = a.length - 1;
		for (; d <= f && p <= m;) if (i[d] === null) d++;
		else if (i[f] === null) f--;
		else if (s[d] === o[p]) c[p] = Gc(i[d], a[p]), d++, p++;
		else if (s[f] === o[m]) c[m] = Gc(i[f], a[m]), f--, m--;
		else if (s[d] === o[m]) c[m] = Gc(i[d], a[m]), Wc(e, c[m + 1], i[d]), d++, m--;
		else if (s[f] === o[p]) c[p] = Gc(i[f], a[p]), Wc(e, i[d], i[f]), f--, p++;
		else if (l === void 0 && (l = Xc(o, p, m), u = Xc(s, d, f)), l.has(s[d])) {
			if (l.has(s[f])) {
				let t = u.get(o[p]), n = t === void 0 ? null : i[t];
				if (n === null) {
					let t = Wc(e, i[d]);
					Gc(t, a[p]), c[p] = t;
				} else c[p] = Gc(n, a[p]), Wc(e, i[d], n), i[t] = null;
				p++;
			} else Yc(i[f]), f--;
		} else Yc(i[d]), d++;
		for (; p <= m;) {
			let t = Wc(e, c[m + 1]);
			Gc(t, a[p]), c[p++] = t;
		}
		for (; d <= f;) {
			let e = i[d++];
			e !== null && Yc(e);
		}
		return this.ut = o, qc(e, c), de;
	}
}), Qc = 2;
function $c(e, t) {
	let { current: n, power: r } = t, i = Ls(n);
	return I`<div class="flowing ${i}">
    ${i === "unknown" ? L : I`${U(e, `pack.${i}`)} · `}${el(e, n)} ·
    ${Ue(e, B(r) ? Math.abs(r) : null)}
  </div>`;
}
function el(e, t) {
	return V(e, B(t) ? Math.abs(t) : null, "A", 1);
}
function tl(e, { current: t }, n) {
	let r = Ls(t);
	return I`
    <div class="wire ${r}" aria-hidden="true" style=${Fe({ "--width": `${Qc + (B(t) && n > 0 ? Math.min(1, Math.abs(t) / n) : 0) * 12}px` })}>
      <span class="amount">${el(e, t)}</span>
      <svg class="line" viewBox="0 0 100 100" preserveAspectRatio="none"><path class="across" d="M0 50H100" /><path class="along" d="M50 0V100" /></svg>
      ${r === "charging" || r === "discharging" ? I`<svg class="arrow" viewBox="0 0 24 24"><path d="M2 1 22 12 2 23Z" /></svg>` : L}
    </div>
  `;
}
var nl = o`
  .wire {
    position: relative;
    display: grid;
    place-items: center;
    min-height: 24px;
    --ink: var(--bms-quiet);
  }
  .wire.charging,
  .flowing.charging {
    --ink: var(--bms-charge);
  }
  .wire.discharging,
  .flowing.discharging {
    --ink: var(--bms-discharge);
  }
  .flowing {
    color: var(--ink, var(--bms-text));
    font-weight: 500;
  }
  .line {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    overflow: visible;
  }
  .line path {
    fill: none;
    stroke: var(--ink);
    stroke-width: var(--width);
    vector-effect: non-scaling-stroke;
    transition: stroke-width 0.3s;
  }
  .unknown .line path {
    stroke-dasharray: 2 6;
  }
  .across,
  .amount {
    display: none;
  }
  .arrow {
    position: relative;
    width: calc(14px + var(--width));
    height: calc(14px + var(--width));
    fill: var(--ink);
    stroke: var(--card-background-color, #fff);
    stroke-width: 2;
    rotate: 90deg;
  }
  .charging .arrow {
    rotate: -90deg;
  }
  @container (min-width: 860px) {
    .along {
      display: none;
    }
    .across {
      display: inline;
    }
    .amount {
      display: block;
      position: absolute;
      bottom: calc(50% + 16px);
      white-space: nowrap;
      font-size: 0.875rem;
    }
    .arrow {
      rotate: none;
    }
    .charging .arrow {
      rotate: 180deg;
    }
  }
`;
// src/system/battery.ts
function rl({ charge_limit: e, discharge_limit: t }) {
	return Math.max(e.most, t.most);
}
function il(e, t) {
	let { charge_voltage: n } = t;
	return I`
    <div class="row">
      ${tl(e, t, rl(t))}
      <div class="box">
        <div class="head">
          <h3>${U(e, "system.battery")}</h3>
          <span class="soc">${V(e, t.soc, "%")}</span>
        </div>
        ${$c(e, t)}
        <div class="small">
          ${V(e, t.voltage, "V", 1)} · ${We(e, t.stored_energy)} · ${V(e, t.capacity, "Ah")} ·
          ${U(e, "system.health", { value: V(e, t.soh, "%") })}
        </div>
        ${Is.map((n) => al(e, t, n))}
        <div class="small">
          <span class="what">${U(e, "system.charge_voltage")}</span> ${V(e, n.value, "V", 2)}
          <span class="quiet">· ${Os(e, "limit", n.why)}</span>
        </div>
        <div class="small">
          <span class="what">${U(e, "system.stage")}</span> ${W(e, "stage", t.stage)}
          <span class="quiet">· ${Os(e, "stage_why", t.stage_why)}</span>
        </div>
      </div>
    </div>
  `;
}
function al(e, t, n) {
	let { value: r, most: i, why: a } = t[`${n}_limit`], o = B(t.current) ? Math.max(0, n === "charge" ? t.current : -t.current) : null, s = (e) => i > 0 ? Math.min(100, 100 * e / i) : 0;
	return I`
    <div class="${n}-side">
      <div class="small">
        <span class="what">${U(e, `pack.${n}_limit`)}</span>
        ${U(e, "pack.of_most", {
		value: kc(e, r),
		most: Be(e, i)
	})}
        <span class="quiet">· ${W(e, "limit", a.rule)}</span>
      </div>
      <svg class="gauge" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <rect class="ground" y="4" width="100" height="4" />
        <rect class="permitted" y="2" width=${s(r)} height="8" />
        ${B(o) ? ue`<line class="needle" x1=${s(o)} x2=${s(o)} y1="0" y2="12" />` : L}
      </svg>
    </div>
  `;
}
var ol = o`
  .gauge {
    display: block;
    width: 100%;
    height: 12px;
    margin-top: 2px;
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
`, sl = o`
  ul {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .row {
    display: grid;
    grid-template-columns: 28px minmax(0, 1fr);
    gap: 4px;
  }
  .box {
    border: 1px solid var(--bms-line);
    border-radius: 10px;
    padding: 10px 12px;
    display: grid;
    gap: 4px;
    align-content: center;
    overflow-wrap: anywhere;
    min-width: 0;
  }
  .limiting {
    border: 2px solid var(--bms-text);
    padding: 9px 11px;
  }
  .away {
    border-style: dashed;
  }
  .head {
    display: flex;
    justify-content: space-between;
    align-items: baseline;
    gap: 4px 12px;
    flex-wrap: wrap;
  }
  .soc {
    font-size: 1.25rem;
    font-weight: 500;
    white-space: nowrap;
  }
  .small {
    font-size: 0.875rem;
  }
  .what {
    color: var(--bms-quiet);
  }
  a {
    color: inherit;
    text-decoration: none;
    display: inline-block;
    min-height: 24px;
  }
  a:hover {
    text-decoration: underline;
  }
  .more {
    color: var(--bms-quiet);
    margin-inline-start: 6px;
  }
  .level,
  .state {
    display: flex;
    gap: 6px;
    align-items: center;
  }
  .level ha-icon,
  .state ha-icon {
    --mdc-icon-size: 20px;
    flex: none;
  }
  .protect,
  .trip {
    color: var(--bms-bad);
  }
  .warn,
  .derate {
    color: var(--bms-warn);
  }
  .mark {
    font-weight: 500;
    display: grid;
    gap: 2px;
  }
  .mark svg {
    width: 18px;
    height: 18px;
    vertical-align: -4px;
    fill: currentColor;
  }
`;
// src/system/device.ts
function cl(e, t, n) {
	if (!e.user?.is_admin || !n) return I`<h3>${t}</h3>`;
	let r = `/config/devices/device/${n}`;
	return I`<h3><a href=${r} @click=${(e) => {
		e.ctrlKey || e.metaKey || e.shiftKey || (e.preventDefault(), history.pushState(null, "", r), window.dispatchEvent(new CustomEvent("location-changed", { detail: { replace: !1 } })));
	}}>${t}<span class="more" aria-hidden="true">›</span></a></h3>`;
}
// src/system/inverters.ts
var ll = {
	obeyed: "mdi:check-circle-outline",
	following: "mdi:progress-clock",
	late: "mdi:clock-alert-outline",
	ignored: "mdi:alert-octagon",
	unknown: "mdi:help-circle-outline"
}, ul = 1;
function dl(e, t, n) {
	return I`
    <li class="row">
      ${tl(e, t, n)}
      <div class="box inverter">
        <div class="head">
          ${cl(e, t.name, t.device_id)}
          ${t.acting ? L : I`<span class="state">${U(e, "pack.watching")}</span>`}
        </div>
        ${t.link === "answering" ? L : I`<div class="state">
              <ha-icon icon="mdi:lan-disconnect" aria-hidden="true"></ha-icon>
              ${U(e, "system.link", { link: W(e, "inverter_link", t.link) })}
            </div>`}
        ${$c(e, t)}
        <div class="small">
          ${V(e, t.voltage, "V", 1)}${t.share < 1 ? ` · ${U(e, "inverter.share", { value: V(e, 100 * t.share, "%") })}` : L}
        </div>
        <div class="small">
          <span class="what">${U(e, "system.charge_voltage")}</span> ${V(e, t.charge_voltage, "V", 2)}
          ${B(t.setpoint) ? ` · ${U(e, "lease.setpoint", { what: hc(e, "power", t.setpoint) })}` : L}
        </div>
        ${fl(e, t)}
      </div>
    </li>
  `;
}
function fl(e, t) {
	let n = [
		[U(e, t.acting ? "inverter.told" : "inverter.would_be_told"), ({ limit: t }) => kc(e, t)],
		[U(e, "inverter.accepted"), (t, n) => pl(e, t, n)],
		[U(e, "inverter.response"), ({ response: t }) => ml(e, t)],
		[U(e, "inverter.dead_time"), ({ dead_time: t }) => V(e, t, "s", 1)],
		[U(e, "inverter.settling"), ({ settling: t }) => V(e, t, "s", 1)],
		...Is.some((e) => t[e].why !== null) ? [[U(e, "inverter.step"), (t) => hl(e, t)]] : []
	];
	return I`
    <table>
      <thead>
        <tr>
          <td></td>
          ${Is.map((t) => I`<th scope="col">${U(e, `inverter.${t}`)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${n.map(([e, n]) => I`<tr>
            <th scope="row">${e}</th>
            ${Is.map((e) => I`<td>${n(t[e], e)}</td>`)}
          </tr>`)}
      </tbody>
    </table>
  `;
}
function pl(e, { limit: t, accepted: n }, r) {
	return B(t) && B(n) && n < t - ul ? I`${kc(e, n)} <strong>${U(e, `inverter_limits.${r}`)}</strong>` : kc(e, n);
}
function ml(e, t) {
	return I`<span class="response ${t}"
    ><ha-icon icon=${ll[t] ?? "mdi:help-circle-outline"} aria-hidden="true"></ha-icon> ${W(e, "response", t)}</span
  >`;
}
function hl(e, { step: t, why: n }) {
	let r = W(e, "step", t);
	return n === null ? r : I`<strong>${r}</strong> ${Os(e, "step_why", n)}`;
}
var gl = o`
  table {
    border-collapse: collapse;
    width: 100%;
    table-layout: fixed;
    font-size: 0.875rem;
    margin-top: 4px;
  }
  th,
  td {
    text-align: start;
    vertical-align: top;
    padding: 3px 4px 3px 0;
    font-weight: 400;
    border-top: 1px solid var(--bms-line);
    overflow-wrap: anywhere;
    hyphens: auto;
  }
  thead th,
  thead td {
    border-top: 0;
  }
  thead td {
    width: 33%;
  }
  th {
    color: var(--bms-quiet);
  }
  table ha-icon {
    --mdc-icon-size: 16px;
    vertical-align: -2px;
  }
  strong {
    font-weight: 500;
  }
  .ignored {
    color: var(--bms-bad);
  }
  .late {
    color: var(--bms-warn);
  }
  .obeyed ha-icon {
    color: var(--bms-good);
  }
`, _l = {
	in: "part.in",
	charge_open: "part.charge_open",
	discharge_open: "part.discharge_open",
	open: "part.open",
	joining: "part.joining",
	unseen: "part.unseen",
	coming_back: "part.coming_back"
}, vl = [
	"charging",
	"discharging",
	"idle"
];
function yl(e, t, n, r) {
	let i = Is.filter((e) => {
		let r = wc(t, e);
		return r.by === "pack" && r.deviceId === n.device_id;
	}), a = n.charges || n.discharges;
	return I`
    <li class="row">
      ${tl(e, n, r)}
      <div class="box pack ${a ? "" : "away"} ${i.length ? "limiting" : ""}">
        <div class="head">
          ${cl(e, n.name, n.device_id)}
          <span class="soc">${V(e, n.soc, "%")}</span>
        </div>
        ${bl(e, n)} ${$c(e, n)} ${Is.map((t) => xl(e, n, t))}
        <div class="small">${Sl(e, n)}</div>
        ${n.worst === "ok" ? L : I`<div class="level ${n.worst}">
              <ha-icon icon=${Ms[n.worst] ?? "mdi:alert-outline"} aria-hidden="true"></ha-icon>
              ${U(e, "system.alarm", { level: W(e, "level", n.worst) })}
            </div>`}
        ${Ac(e, t, i)}
      </div>
    </li>
  `;
}
function bl(e, { mode: t, link: n }) {
	let r = [vl.includes(t) ? "" : W(e, "mode", t), n === "connected" || n === t ? "" : U(e, "system.link", { link: W(e, "link", n) })].filter(Boolean);
	return r.length ? I`<div class="state">${r.join(" · ")}</div>` : L;
}
function xl(e, t, n) {
	let { value: r, most: i, why: a } = t[`${n}_limit`], o = U(e, "pack.of_most", {
		value: kc(e, r),
		most: Be(e, i)
	}), s = a.rule === "rated" ? "" : ` · ${Os(e, "limit", a)}`;
	return I`<div class="small"><span class="what">${U(e, `pack.${n}_limit`)}</span> ${o}<span class="quiet">${s}</span></div>`;
}
function Sl(e, { why: t, share: n }) {
	let r = _l[t.rule], i = ks(e, t);
	return [`${r === void 0 ? t.rule.replaceAll("_", " ") : U(e, r)}${i ? ` (${i})` : ""}`, B(n) ? U(e, "system.share", { value: V(e, 100 * n, "%") }) : ""].filter(Boolean).join(" · ");
}
// src/system/system-card.ts
var Cl = class extends es {
	static {
		this.properties = {
			...es.properties,
			releasing: { state: !0 }
		};
	}
	find(e) {
		return Zo(e, this.config?.device_id);
	}
	ask(e) {
		return {
			type: Ho.system,
			entry_id: e.entry_id
		};
	}
	draw(e, t, n) {
		let r = e.user?.is_admin ? (e) => void (this.releasing = e) : void 0, i = rl(n);
		return I`
      <div class="body">
        <h2>${this.config?.title ?? t.name}</h2>
        ${n.acting ? L : I`<div class="would">${U(e, "system.would")}</div>`}
        ${n.packs.length ? I`<ul class="who">${Is.map((t) => I`<li>${Ec(e, n, t)}</li>`)}</ul>` : L}
        <div class="flow">
          <ul class="packs" aria-label=${U(e, "system.packs")}>
            ${n.packs.length ? Zc(n.packs, ({ device_id: e }) => e, (t) => yl(e, n, t, i)) : I`<li class="box quiet">${U(e, "card.none")}</li>`}
          </ul>
          <div class="asked">${Mc(e, n, r)} ${n.claims.length ? wl() : L}</div>
          ${n.packs.length ? I`<div class="battery">${il(e, n)}</div>` : L}
          <ul class="inverters" aria-label=${U(e, "system.inverters")}>
            ${n.inverters.length ? Zc(n.inverters, ({ device_id: e }) => e, (t) => dl(e, t, i)) : I`<li class="box quiet">${U(e, "system.no_inverter")}</li>`}
          </ul>
        </div>
      </div>
      ${this.releasing ? I`<home-bms-release
            .hass=${e}
            .deviceId=${t.device_id}
            .system=${n}
            .lease=${this.releasing}
            ?dark=${e.themes.darkMode}
            @done=${() => this.releasing = void 0}
          ></home-bms-release>` : L}
    `;
	}
	getCardSize() {
		return 12;
	}
	static {
		this.styles = [
			...es.styles,
			sl,
			nl,
			ol,
			gl,
			zc,
			o`
      .body {
        width: 100%;
        max-width: 112rem;
        margin-inline: auto;
        box-sizing: border-box;
      }
      .would {
        border-inline-start: 4px double var(--bms-warn);
        padding: 2px 10px;
      }
      .who {
        display: grid;
        gap: 4px;
        overflow-wrap: anywhere;
      }
      .flow,
      .packs,
      .inverters {
        display: grid;
        gap: 12px;
        align-content: center;
      }
      .funnel {
        display: block;
        width: 32px;
        height: 28px;
        margin: 4px auto -8px;
        fill: none;
        stroke: var(--bms-quiet);
        stroke-width: 2;
      }
      @container (min-width: 860px) {
        .flow {
          grid-template: "asked asked asked" auto "packs battery inverters" auto / minmax(0, 1fr) clamp(220px, 28%, 26rem) minmax(0, 1fr);
          column-gap: 0;
        }
        .asked {
          grid-area: asked;
        }
        .battery {
          grid-area: battery;
        }
        .battery,
        .battery .row {
          display: grid;
          grid-template-columns: minmax(0, 1fr);
        }
        .battery .wire {
          display: none;
        }
        .packs {
          grid-area: packs;
        }
        .inverters {
          grid-area: inverters;
        }
        .packs .row {
          grid-template-columns: minmax(0, 26rem) minmax(64px, 1fr);
        }
        .packs .wire {
          order: 1;
        }
        .inverters .row {
          grid-template-columns: minmax(64px, 1fr) minmax(0, 26rem);
        }
        .row {
          gap: 0;
        }
        .packs > .box {
          margin-inline-end: 24px;
        }
        .inverters > .box {
          margin-inline-start: 24px;
        }
      }
    `
		];
	}
};
function wl() {
	return I`<svg class="funnel" viewBox="0 0 32 28" aria-hidden="true"><path d="M2 2 13 14V26 M30 2 19 14V26" /></svg>`;
}
// src/timeline/box-story.ts
var Tl = 60, El = 660, Dl = 40;
function Ol(e, t) {
	let [n] = e;
	if (!n) return;
	let r = (e) => t === null ? -e.time : Math.abs(e.time - t), i = e.reduce((e, t) => r(t) < r(e) ? t : e, n);
	return {
		file: i,
		near: t === null || t >= i.time - Tl && t <= i.time + El
	};
}
function kl(e, t, n) {
	return U(e, "box.when", {
		time: H(e, n, "tenths"),
		relative: Do(e, n - t.time, 1)
	});
}
function Al(e, { key: t, level: n, why: r }) {
	let i = ks(e, r), a = `${W(e, "protection", t)} · ${n === "ok" ? U(e, "box.over") : W(e, "became", n)}`;
	return i ? `${a} (${i})` : a;
}
var jl = (e, t) => V(e, Number(t), "A", 1), Ml = (e, t) => W(e, "contactor", t), Nl = {
	charge_limit: [(e) => U(e, "pack.charge_limit"), jl],
	discharge_limit: [(e) => U(e, "pack.discharge_limit"), jl],
	charge_switch: [(e) => U(e, "pack.charge_switch"), Ml],
	discharge_switch: [(e) => U(e, "pack.discharge_switch"), Ml],
	mode: [(e) => U(e, "box.mode"), (e, t) => W(e, "mode", t)],
	alarm: [(e, { key: t }) => W(e, "protection", t ?? ""), (e, t) => t === "ok" ? U(e, "box.over") : W(e, "became", t)]
};
function Pl(e, t) {
	let [n, r] = Nl[t.what] ?? [() => t.what.replaceAll("_", " "), (e, t) => t];
	return `${n(e, t)}: ${r(e, t.before)} → ${r(e, t.after)}`;
}
function Fl(e) {
	return (e.triggers.find(({ level: e }) => e === "trip") ?? e.triggers[0])?.why;
}
function Il(e, t) {
	let n = Fl(t), r = (e, n = 1) => t.times.map((r, i) => {
		let a = e[i] ?? null;
		return {
			time: r - t.time,
			value: a === null ? null : a * n
		};
	}), i = (t, n, i, a = (e) => e) => t.map((t, o) => {
		let s = o + 1 === i;
		return {
			key: `${n}_${o + 1}`,
			name: U(e, n, { number: o + 1 }),
			points: r(t.map((e) => e === null ? null : a(e))),
			colour: s ? "bad" : "quiet",
			width: s ? 3 : 1,
			unnamed: !s
		};
	}).sort((e, t) => Number(t.unnamed ?? !1) - Number(e.unnamed ?? !1)), a = (t, r) => {
		if (n?.[r] === null || !B(n?.threshold) || n.unit !== t) return [];
		let i = U(e, "box.threshold", { value: As(e, n.threshold, t) });
		return [{
			value: t === "°C" ? Ve(e, n.threshold) : n.threshold,
			name: i
		}];
	}, o = [
		{
			key: "voltage",
			name: U(e, "box.cells"),
			unit: "V",
			digits: 3,
			least: .02,
			lines: i(t.voltages, "cells.cell", n?.cell),
			levels: a("V", "cell")
		},
		{
			key: "current",
			name: U(e, "timeline.current"),
			unit: "A",
			digits: 1,
			least: 5,
			between: ["charge_limit", "discharge_limit"],
			lines: [
				{
					key: "current",
					name: U(e, "timeline.flowing"),
					points: r(t.current),
					colour: "charge",
					width: 2
				},
				{
					key: "charge_limit",
					name: U(e, "timeline.charge_limit"),
					points: r(t.charge_limit),
					colour: "good",
					dash: [8, 4],
					step: !0
				},
				{
					key: "discharge_limit",
					name: U(e, "timeline.discharge_limit"),
					points: r(t.discharge_limit, -1),
					colour: "discharge",
					dash: [3, 3],
					step: !0
				}
			]
		},
		{
			key: "temperature",
			name: U(e, "timeline.temperature"),
			unit: e.config.unit_system.temperature,
			digits: 1,
			least: 4,
			lines: i(t.temperatures, "cells.sensor", n?.sensor, (t) => Ve(e, t)),
			levels: a("°C", "sensor")
		}
	];
	return {
		relative: !0,
		marks: t.triggers.map((n, r) => ({
			key: String(r),
			time: n.time - t.time,
			severity: n.level === "trip" ? "critical" : n.level === "protect" ? "serious" : "warning",
			name: Al(e, n)
		})),
		panes: o.filter(({ lines: e }) => e.length)
	};
}
function Ll(e, t) {
	let n = Math.max(1, Math.ceil(t.times.length / Dl)), r = new Set([...t.triggers, ...t.deeds].map(({ time: e }) => t.times.findIndex((t) => t >= e))), i = (e, t, n) => {
		let r = e.map((e) => e[t]).filter(B);
		return r.length ? n(...r) : null;
	};
	return t.times.flatMap((a, o) => o % n && !r.has(o) ? [] : [[
		kl(e, t, a),
		V(e, i(t.voltages, o, Math.min), "V", 3),
		V(e, i(t.voltages, o, Math.max), "V", 3),
		V(e, t.current[o], "A", 1),
		V(e, t.charge_limit[o], "A", 1),
		V(e, t.discharge_limit[o], "A", 1),
		As(e, i(t.temperatures, o, Math.max) ?? NaN, "°C")
	]]);
}
// src/timeline/black-box.ts
var Rl = 3600, zl = [
	"box.time",
	"box.lowest",
	"box.highest",
	"timeline.current",
	"pack.charge_limit",
	"pack.discharge_limit",
	"box.hottest"
], Bl = class extends De {
	static {
		this.properties = {
			hass: { attribute: !1 },
			info: { attribute: !1 },
			files: { state: !0 },
			open: { state: !0 },
			said: { state: !0 },
			range: { state: !0 },
			table: { state: !0 }
		};
	}
	#e = 0;
	constructor() {
		super(), this.files = [], this.table = !1;
	}
	async show(e) {
		let { hass: t, info: n } = this, r = ++this.#e;
		this.open = void 0, this.files = [], this.said = U(t, t.user?.is_admin ? "box.waiting" : "box.admin");
		let i = await this.#n();
		if (i && !i.open && i.showModal(), t.user?.is_admin) try {
			let { files: i } = await t.callWS({
				type: Ho.black_boxes,
				device_id: n.device_id
			});
			if (r !== this.#e) return;
			let a = Ol(i, e);
			this.files = i, a ? await this.#t(a.file, a.near ? void 0 : U(t, "box.far")) : this.said = U(t, "box.none");
		} catch (e) {
			r === this.#e && (this.said = U(t, "card.refused", { message: Wo(e).message }));
		}
	}
	async #t(e, t) {
		let { hass: n, info: r } = this, i = ++this.#e;
		try {
			let a = await n.callWS({
				type: Ho.black_box,
				device_id: r.device_id,
				name: e.name
			}), o = await n.callWS({
				type: "auth/sign_path",
				path: e.url,
				expires: Rl
			}).then(({ path: e }) => e, () => void 0);
			if (i !== this.#e) return;
			let s = {
				from: (a.times[0] ?? a.time) - a.time,
				to: (a.times.at(-1) ?? a.time) - a.time
			};
			this.open = {
				file: e,
				box: a,
				picture: Il(n, a),
				whole: s,
				address: o
			}, this.range = s, this.said = t;
		} catch (e) {
			if (i !== this.#e) return;
			this.open = void 0, this.said = U(n, "card.refused", { message: Wo(e).message });
		}
	}
	async #n() {
		return await this.updateComplete, this.renderRoot.querySelector("dialog");
	}
	disconnectedCallback() {
		super.disconnectedCallback(), this.#i();
	}
	#r = () => this.renderRoot.querySelector("dialog")?.close();
	#i = () => {
		this.#e++, this.open = void 0, this.said = void 0;
	};
	render() {
		let { hass: e, info: t, open: n } = this, r = n ? W(e, "protection", n.file.cause) : U(e, "box.title");
		return I`
      <dialog aria-labelledby="title" @close=${this.#i}>
        <div class="top">
          <h2 id="title">${r}</h2>
          <button type="button" autofocus @click=${this.#r}>${U(e, "box.close")}</button>
        </div>
        ${this.said === void 0 ? L : I`<p class="said" role="status">${this.said}</p>`}
        ${this.files.length > 1 ? this.#o() : L}
        ${n ? this.#s(n, t) : L}
      </dialog>
    `;
	}
	#a({ time: e, cause: t, level: n }) {
		let { hass: r } = this;
		return `${H(r, e, "both")} · ${W(r, "protection", t)} · ${W(r, "became", n)}`;
	}
	#o() {
		return I`
      <label>
        ${U(this.hass, "box.which")}
        <select @change=${this.#l}>
          ${this.files.map((e) => I`<option value=${e.name} ?selected=${e.name === this.open?.file.name}>${this.#a(e)}</option>`)}
        </select>
      </label>
    `;
	}
	#s({ file: e, box: t, picture: n, address: r }, i) {
		let { hass: a } = this;
		return I`
      <p>
        ${i.name} · ${H(a, t.time, "date")}, ${H(a, t.time, "tenths")} · ${W(a, "became", e.level)}
        ${t.acting === !1 ? I`<br />${U(a, "box.watching")}` : L}
      </p>
      <h3>${U(a, "box.why")}</h3>
      <ol class="told">
        ${t.triggers.map((e, r) => {
			let { severity: i } = n.marks[r] ?? { severity: "info" };
			return I`<li>${Co(i)} <span class="quiet">${kl(a, t, e.time)}</span> <span>${Al(a, e)}</span></li>`;
		})}
      </ol>
      <h3>${U(a, "box.measured")}</h3>
      <home-bms-chart
        .hass=${a}
        .spec=${n}
        .range=${this.range}
        .label=${U(a, "box.chart")}
        ?dark=${a.themes.darkMode}
        @home-bms-range=${this.#d}
      ></home-bms-chart>
      <h3>${U(a, "box.deeds")}</h3>
      ${t.deeds.length ? I`<ol class="told">
            ${t.deeds.map((e) => I`<li><span class="quiet">${kl(a, t, e.time)}</span> <span>${Pl(a, e)}</span></li>`)}
          </ol>` : I`<p class="quiet">${U(a, "box.no_deeds")}</p>`}
      <details @toggle=${this.#u}>
        <summary>${U(a, "box.table")}</summary>
        ${this.table ? this.#c(t) : L}
      </details>
      ${r === void 0 ? L : I`<p><a href=${r} download=${e.name}>${U(a, "box.download")}</a></p>`}
    `;
	}
	#c(e) {
		let { hass: t } = this;
		return I`
      <div class="scroll" tabindex="0" role="region" aria-label=${U(t, "box.table")}>
        <table>
          <thead>
            <tr>
              ${zl.map((e) => I`<th scope="col">${U(t, e)}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${Ll(t, e).map(([e, ...t]) => I`<tr>
                <th scope="row">${e}</th>
                ${t.map((e) => I`<td>${e}</td>`)}
              </tr>`)}
          </tbody>
        </table>
      </div>
    `;
	}
	#l = (e) => {
		let { value: t } = e.target, n = this.files.find(({ name: e }) => e === t);
		n && this.#t(n);
	};
	#u = (e) => {
		this.table = e.target.open;
	};
	#d = (e) => {
		e.stopPropagation();
		let t = this.open?.whole;
		if (!t) return;
		let n = t.to - t.from, { from: r, to: i } = bo(e.detail ?? t, {
			least: Math.min(2, n),
			most: n,
			end: t.to
		});
		this.range = r < t.from ? {
			from: t.from,
			to: i + t.from - r
		} : {
			from: r,
			to: i
		};
	};
	static {
		this.styles = [Je, o`
      :host {
        container-type: normal;
      }
      dialog {
        box-sizing: border-box;
        width: min(960px, 100vw - 24px);
        max-width: none;
        max-height: calc(100dvh - 24px);
        padding: 16px 20px 20px;
        border: 1px solid var(--bms-line);
        border-radius: 12px;
        color: var(--bms-text);
        background: var(--card-background-color, #fff);
        overflow: auto;
        overscroll-behavior: contain;
      }
      dialog::backdrop {
        background: #0009;
      }
      .top {
        display: flex;
        justify-content: space-between;
        align-items: start;
        gap: 12px;
      }
      h3 {
        margin-top: 16px;
      }
      p {
        margin: 8px 0;
      }
      .told {
        list-style: none;
        margin: 6px 0 0;
        padding: 0;
        display: grid;
        gap: 4px;
        font-size: 0.9375rem;
      }
      .shape {
        width: 14px;
        height: 14px;
        vertical-align: -2px;
        fill: currentColor;
        color: var(--bms-bad);
      }
      .shape.warning {
        color: var(--bms-warn);
      }
      label {
        display: block;
        margin: 8px 0;
      }
      select {
        font: inherit;
        color: inherit;
        background: var(--card-background-color, #fff);
        border: 1px solid var(--bms-line);
        border-radius: 8px;
        padding: 6px;
        max-width: 100%;
        min-height: 36px;
      }
      summary {
        cursor: pointer;
        padding: 8px 0;
      }
      .scroll {
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
        font-size: 0.8125rem;
      }
      th,
      td {
        text-align: end;
        font-weight: 400;
        padding: 3px 10px 3px 0;
        white-space: nowrap;
        border-bottom: 1px solid var(--bms-line);
      }
      th:first-child {
        text-align: start;
      }
      thead th {
        font-weight: 500;
        white-space: normal;
        vertical-align: bottom;
      }
      a {
        color: var(--primary-color, inherit);
      }
    `];
	}
}, Vl = [
	[/voltage$|^deep_discharge$|^cell_difference$/, "V"],
	[/current$/, "A"],
	[/temperature$/, "°C"],
	[/^temperature_/, "K"],
	[/^soc_/, "%"],
	[/^insulation_/, "Ω"]
];
function Hl(e, t, n, r) {
	return [...t].map(([e, { s: t, a: n = {} }]) => ({
		key: e,
		facts: n,
		time: Date.parse(t) / 1e3
	})).filter(({ time: e }) => e >= n && e <= r).reverse().sort((e, t) => t.time - e.time).map(({ key: t, facts: n, time: r }) => ({
		key: t,
		time: r,
		severity: Kl(n.severity),
		name: Ul(e, n, r)
	}));
}
function Ul(e, t, n) {
	let r = Wl(t.protection) ?? Wl(t.event_type) ?? "", i = Wl(t.level), a = Wl(t.cause), o = Vl.find(([e]) => e.test(r))?.[1] ?? "s", s = ks(e, {
		rule: r,
		cell: Gl(t.cell),
		sensor: Gl(t.sensor),
		value: Gl(t.value),
		threshold: Gl(t.threshold),
		unit: o,
		since: null
	});
	return [
		`${H(e, n, "date")}, ${H(e, n, "seconds")}`,
		W(e, "protection", r),
		i === void 0 ? "" : W(e, "became", i),
		s,
		a === void 0 || a === r ? "" : U(e, "timeline.because", { cause: W(e, "protection", a) })
	].filter(Boolean).join(" · ");
}
var Wl = (e) => typeof e == "string" ? e : void 0, Gl = (e) => typeof e == "number" ? e : null, Kl = (e) => Lo.find((t) => t === e) ?? "info", ql = 2678400, Jl = (e) => (/* @__PURE__ */ new Date(e * 1e3)).toISOString();
function Yl(e, { from: t, to: n }, r = !1) {
	return {
		type: "history/stream",
		entity_ids: e,
		start_time: Jl(t),
		...n === null ? {} : { end_time: Jl(n) },
		significant_changes_only: !1,
		minimal_response: !r,
		no_attributes: !r
	};
}
function Xl(e, t, { from: n, to: r }, i) {
	return e.callWS({
		type: "recorder/statistics_during_period",
		statistic_ids: t,
		start_time: Jl(n),
		end_time: Jl(r),
		period: i,
		types: [
			"mean",
			"min",
			"max"
		],
		units: {
			voltage: "V",
			electric_current: "A",
			temperature: e.config.unit_system.temperature
		}
	});
}
async function Zl(e, t) {
	let n = async (n, r) => {
		let i = await e.callWS({
			type: "recorder/statistics_during_period",
			statistic_ids: t,
			start_time: Jl(r),
			...n === "day" ? { end_time: Jl(r + ql) } : {},
			period: n,
			types: ["mean"]
		}), a = Object.values(i).flatMap(([e]) => e ? [e.start / 1e3] : []);
		return a.length ? Math.min(...a) : void 0;
	}, r = await n("month", 0);
	return r === void 0 ? void 0 : await n("day", r) ?? r;
}
function Ql(e, t, n) {
	let r = [], i = (e) => e == null ? null : n(e), a;
	for (let n of e) {
		a !== void 0 && n.start > a && r.push({
			time: a / 1e3,
			value: null
		});
		let [e, o, s] = [
			i(n.mean),
			i(n.min),
			i(n.max)
		], c = o !== null && s !== null && o > s;
		r.push({
			time: (n.start / 1e3 + $l(n, t)) / 2,
			value: e,
			low: c ? s : o,
			high: c ? o : s
		}), a = n.end;
	}
	return r;
}
function $l({ end: e }, t) {
	return Math.min(e / 1e3, t);
}
function eu({ s: e, lu: t }, n) {
	let r = e === "on" ? 1 : e === "off" ? 0 : e.trim() === "" ? NaN : Number(e);
	return {
		time: t,
		value: Number.isFinite(r) ? n(r) : null
	};
}
var tu = {
	mV: .001,
	µV: 1e-6,
	kV: 1e3,
	mA: .001,
	kA: 1e3
};
function nu(e, t) {
	if (e === "°F" && t === "°C") return (e) => (e - 32) / 1.8;
	if (e === "°C" && t === "°F") return (e) => e * 1.8 + 32;
	let n = typeof e == "string" ? tu[e] ?? 1 : 1;
	return (e) => e * n;
}
// src/timeline/panes.ts
var ru = [8, 4], iu = [
	{
		key: "voltage",
		name: "timeline.voltage",
		unit: "V",
		digits: 3,
		least: .02,
		between: ["cell_max", "cell_min"],
		lines: [{
			key: "cell_max",
			name: "timeline.highest",
			colour: "discharge"
		}, {
			key: "cell_min",
			name: "timeline.lowest",
			colour: "good",
			dash: ru
		}]
	},
	{
		key: "difference",
		name: "timeline.spread",
		unit: "mV",
		digits: 0,
		least: 10,
		lines: [{
			key: "cell_difference",
			name: "timeline.difference",
			colour: "charge",
			factor: 1e3
		}]
	},
	{
		key: "current",
		name: "timeline.current",
		unit: "A",
		digits: 1,
		least: 5,
		between: ["ccl", "dcl"],
		lines: [
			{
				key: "current",
				name: "timeline.flowing",
				colour: "charge"
			},
			{
				key: "ccl",
				name: "timeline.charge_limit",
				colour: "good",
				dash: ru
			},
			{
				key: "dcl",
				name: "timeline.discharge_limit",
				colour: "discharge",
				dash: [3, 3],
				factor: -1
			}
		]
	},
	{
		key: "temperature",
		name: "timeline.temperature",
		unit: "°C",
		digits: 1,
		least: 4,
		between: ["temperature_max", "temperature_min"],
		lines: [{
			key: "temperature_max",
			name: "timeline.hottest",
			colour: "discharge"
		}, {
			key: "temperature_min",
			name: "timeline.coldest",
			colour: "charge",
			dash: ru
		}]
	},
	{
		key: "charge",
		name: "timeline.charge",
		unit: "%",
		digits: 1,
		least: 5,
		lines: [{
			key: "soc",
			name: "timeline.soc",
			colour: "good"
		}]
	},
	{
		key: "balancing",
		name: "timeline.balancing",
		unit: "",
		digits: 0,
		least: 1,
		flags: ["timeline.off", "timeline.on"],
		lines: [{
			key: "balancing",
			name: "timeline.cells",
			colour: "charge"
		}]
	}
], au = "events";
function ou(e, t) {
	let n = /* @__PURE__ */ new Map(), r = [];
	for (let { key: i, lines: a, flags: o } of iu) if (!t.includes(i)) for (let { key: t, factor: i = 1 } of a) {
		let a = e.entities[t];
		a !== void 0 && (o ? r.push(a) : n.set(a, i));
	}
	return {
		measured: n,
		switched: r,
		events: t.includes("events") ? void 0 : e.entities.protection
	};
}
function su(e, t, n) {
	let r = iu.filter(({ key: e }) => !n.includes(e)).flatMap((n) => n.lines.filter(({ key: e }) => t.entities[e] === void 0).map(({ name: t }) => U(e, "timeline.line", {
		pane: U(e, n.name),
		line: U(e, t)
	})));
	return !n.includes("events") && t.entities.protection === void 0 && r.push(U(e, "timeline.events")), r;
}
function cu(e, t, n, r, i, a) {
	let o = r.resolution === "raw";
	return {
		panes: iu.filter(({ key: e }) => !n.includes(e)).map((n) => {
			let { key: i, name: s, unit: c, digits: l, least: u, between: d, flags: f } = n, p = n.lines.flatMap(({ key: n, name: i, colour: s, dash: c }) => {
				let l = r.tracks.get(t.entities[n] ?? "")?.points, u = o || f !== void 0, d = {
					key: n,
					name: U(e, i),
					colour: s,
					step: u,
					band: !u
				};
				return l ? [{
					...d,
					points: u ? lu(l, a) : l,
					...c ? { dash: c } : {}
				}] : [];
			});
			return {
				key: i,
				name: U(e, s),
				unit: i === "temperature" ? e.config.unit_system.temperature : c,
				digits: l,
				least: u,
				lines: p,
				...d ? { between: d } : {},
				...f ? { flags: [U(e, f[0]), U(e, f[1])] } : {}
			};
		}).filter(({ lines: e }) => e.length),
		marks: i
	};
}
function lu(e, t) {
	let n = e.at(-1);
	return n && n.time < t ? [...e, {
		...n,
		time: t
	}] : e;
}
// src/timeline/memory.ts
var uu = class {
	#e;
	#t;
	#n;
	constructor(e = [], t = null, n = -Infinity) {
		this.gathers = t, this.points = [...e], this.#e = n;
	}
	add(e) {
		this.gathers === null ? this.#r(e) : e.time >= this.#e && this.#i(e, this.gathers);
	}
	forget(e) {
		let t = 0;
		for (; (this.points[t + 1]?.time ?? Infinity) <= e;) t++;
		t && this.points.splice(0, t);
	}
	#r(e) {
		let { points: t } = this, n = oo(t, e.time) + 1, r = t[n - 1];
		r?.time === e.time ? t[n - 1] = e : r?.value !== e.value && t.splice(n, 0, e);
	}
	#i({ time: e, value: t }, n) {
		if (this.#t && this.#n !== void 0) {
			let { from: t, low: n, high: r, sum: i } = this.#t;
			this.#t = {
				from: t,
				low: n,
				high: r,
				sum: i + this.#n * (e - this.#e)
			}, this.points[this.points.length - 1] = du(this.#t, e, this.#n);
		}
		if (this.#e = e, this.#n = t ?? void 0, t === null) this.#t = void 0, this.points.at(-1)?.value !== null && this.points.push({
			time: e,
			value: t
		});
		else if (this.#t && e < this.#t.from + n) {
			let { low: n, high: r } = this.#t;
			this.#t = {
				...this.#t,
				low: Math.min(n, t),
				high: Math.max(r, t)
			}, this.points[this.points.length - 1] = du(this.#t, e, t);
		} else this.#t = {
			from: e,
			low: t,
			high: t,
			sum: 0
		}, this.points.push(du(this.#t, e, t));
	}
};
function du({ from: e, low: t, high: n, sum: r }, i, a) {
	return {
		time: (e + i) / 2,
		value: i > e ? r / (i - e) : a,
		low: t,
		high: n
	};
}
// src/timeline/resolution.ts
var fu = 3600, pu = 24 * fu, mu = [
	{
		resolution: "raw",
		most: 26 * fu,
		kept: 10 * pu
	},
	{
		resolution: "5minute",
		most: 867600,
		kept: 10 * pu
	},
	{
		resolution: "hour",
		most: 100 * pu,
		kept: Infinity
	},
	{
		resolution: "day",
		most: Infinity,
		kept: Infinity
	}
], hu = {
	"5minute": 300,
	hour: fu,
	day: pu
};
function gu({ from: e, to: t }, n) {
	let [r, ...i] = mu.filter(({ most: r, kept: i }) => t - e <= r && e >= n - i - fu).map(({ resolution: e }) => e);
	return r === void 0 ? ["day"] : [r, ...i];
}
// src/timeline/recall.ts
var _u = 7200, vu = 1.25, yu = .25, bu = .1, xu = class {
	#e;
	#t;
	#n = !1;
	#r = 0;
	constructor(e, t, n) {
		this.hass = e, this.tell = t, this.now = n;
	}
	get recalled() {
		return this.#e;
	}
	get busy() {
		return this.#n;
	}
	want(e) {
		this.#t = e, this.#n || this.#a();
	}
	end() {
		this.#r++, this.#i(), this.#t = void 0, this.#n = !1, this.refusal = void 0;
	}
	#i() {
		for (let e of this.#e?.stops ?? []) e();
		this.#e = void 0;
	}
	async #a() {
		let e = this.#r, t = this.hass(), n;
		for (; t && this.#t && this.#t !== n && !this.#o(this.#t);) {
			this.#n || (this.#n = !0, this.tell(!0));
			let r = this.#t;
			try {
				let n = await this.#c(t, r, e);
				if (e !== this.#r) return;
				this.#i(), this.#e = n, this.refusal = void 0;
			} catch (t) {
				if (e !== this.#r) return;
				this.refusal = Wo(t), n = r;
			}
			this.#n = this.#t !== n && !this.#o(this.#t), this.tell(!0);
		}
	}
	#o(e) {
		let t = this.#e;
		if (!t) return !1;
		let { to: n, measured: r, switched: i, events: a } = t.wish, o = [
			...e.measured.keys(),
			...e.switched,
			e.events
		].join() === [
			...r.keys(),
			...i,
			a
		].join(), s = n === null || e.to !== null && e.to <= n;
		return o && t.from <= e.from && s && this.#s(e)[0] === t.best;
	}
	#s({ from: e, to: t }) {
		let n = this.now();
		return gu({
			from: e,
			to: t ?? n
		}, n);
	}
	async #c(e, t, n) {
		let [r, ...i] = this.#s(t), a = await this.#l(e, t, r, r, n);
		for (let o of i) {
			let i = Su(a);
			if (n !== this.#r || i - t.from <= yu * a.length) break;
			let s = await this.#l(e, t, r, o, n).catch((e) => {
				if (i === Infinity) throw e;
			});
			if (!s) break;
			let c = Su(s) < i - bu * a.length;
			for (let e of (c ? a : s).stops) e();
			c && (a = s);
		}
		if (n !== this.#r) for (let e of a.stops) e();
		return a;
	}
	async #l(e, t, n, r, i) {
		let { measured: a, switched: o, events: s, from: c, to: l } = t, u = new Map(o.map((e) => [e, new uu()])), d = {
			wish: t,
			best: n,
			resolution: r,
			tracks: u,
			events: /* @__PURE__ */ new Map(),
			from: c,
			length: (l ?? this.now()) - c,
			stops: []
		}, f = [...a.keys()], p = c;
		if (r === "raw") for (let e of f) u.set(e, new uu());
		else if (f.length) {
			let t = this.now(), n = await Xl(e, f, {
				from: c,
				to: l ?? t
			}, r);
			p = Math.max(c, t - _u);
			for (let e of f) {
				let i = n[e] ?? [], o = i.at(-1), s = a.get(e) ?? 1, c = Ql(i, t, (e) => e * s);
				u.set(e, new uu(c, hu[r], o && $l(o, t)));
			}
		}
		let m = [];
		if (f.length && (l === null || l > p) && m.push(Yl(f, {
			from: p,
			to: l
		})), o.length && m.push(Yl(o, {
			from: c,
			to: l
		})), s !== void 0 && m.push(Yl([s], {
			from: c,
			to: l
		}, !0)), i !== this.#r) return d;
		try {
			await Promise.all(m.map((t) => this.#u(e, t, d)));
		} catch (e) {
			for (let e of d.stops) e();
			throw e;
		}
		return d;
	}
	#u(e, t, n) {
		return new Promise((r, i) => {
			let a = !1, o;
			n.stops.push(() => {
				a = !0, o?.().catch(() => void 0), r();
			}), e.connection.subscribeMessage((e) => {
				a || (this.#d(e, n), r());
			}, t).then((e) => {
				o = e, a && e().catch(() => void 0);
			}, i);
		});
	}
	#d({ states: e }, t) {
		let n = this.hass(), r = n?.config.unit_system.temperature ?? "°C", i = !1;
		for (let [a, o] of Object.entries(e)) {
			let e = n?.states[a]?.attributes.unit_of_measurement, s = nu(e, r), c = t.wish.measured.get(a) ?? 1, l = t.tracks.get(a);
			for (let e of o ?? []) if (l) l.add(eu(e, (e) => s(e) * c));
			else if (a === t.wish.events && Number.isFinite(Date.parse(e.s))) {
				let n = [
					e.s,
					e.a?.protection,
					e.a?.level
				].join(" ");
				i ||= !t.events.has(n), t.events.set(n, e);
			}
		}
		this.#f(t), t === this.#e && this.tell(i);
	}
	#f(e) {
		let t = this.now();
		if (!(e.wish.to !== null || e.from > t - vu * e.length)) {
			e.from = t - e.length;
			for (let t of e.tracks.values()) t.forget(e.from);
			for (let [t, { s: n }] of e.events) Date.parse(n) / 1e3 < e.from && e.events.delete(t);
		}
	}
};
function Su({ wish: e, tracks: t }) {
	let n = [...e.measured.keys()].map((e) => t.get(e)?.points.find(({ value: e }) => e !== null)?.time ?? Infinity);
	return Math.min(Infinity, ...n);
}
// src/timeline/timeline-card.ts
var Cu = 3600, wu = 24 * Cu, Tu = [
	["timeline.hour", Cu],
	["timeline.hours_6", 6 * Cu],
	["timeline.hours_24", wu],
	["timeline.days_7", 7 * wu],
	["timeline.days_30", 30 * wu],
	["timeline.year", 365 * wu],
	["timeline.all", null]
], Eu = 30, Du = 14600 * wu, Ou = 10, ku = 600, Au = .005, ju = 30, Mu = 10 * wu, Nu = {
	"home-bms-black-box": Bl,
	"home-bms-cells": at,
	"home-bms-chart": Vo,
	"home-bms-health-card": bs,
	"home-bms-pack-card": nc,
	"home-bms-release": Bc,
	"home-bms-system-card": Cl,
	"home-bms-timeline-card": class extends es {
		static {
			this.properties = {
				...es.properties,
				view: { state: !0 },
				now: { state: !0 }
			};
		}
		#e = new xu(() => this.hass, (e) => this.#i(e), () => Date.now() / 1e3);
		constructor() {
			super(), this.now = Date.now() / 1e3;
		}
		find(e) {
			return Xo(e, this.config?.device_id);
		}
		ask() {
			return null;
		}
		static get settings() {
			let e = [...iu, {
				key: au,
				name: "timeline.events"
			}].map(({ key: e, name: t }) => ({
				value: e,
				label: $e(Qe(), t)
			}));
			return [
				...Go,
				{
					name: "hours",
					label: "form.hours",
					selector: { number: {
						min: Eu / Cu,
						max: Du / Cu,
						step: "any",
						mode: "box"
					} }
				},
				{
					name: "hide",
					label: "form.hide",
					selector: { select: {
						multiple: !0,
						options: e
					} }
				}
			];
		}
		getCardSize() {
			return 14;
		}
		connectedCallback() {
			super.connectedCallback(), this.now = Date.now() / 1e3, this.requestUpdate();
		}
		disconnectedCallback() {
			super.disconnectedCallback(), this.#e.end();
		}
		setConfig(e) {
			super.setConfig(e), this.view = void 0;
		}
		shouldUpdate(e) {
			let [t, n] = [e.get("hass"), this.hass];
			return e.size !== 1 || !t || !n || [
				"locale",
				"themes",
				"config",
				"localize",
				"connection"
			].some((e) => t[e] !== n[e]);
		}
		willUpdate(e) {
			super.willUpdate(e);
			let { info: t } = this;
			if (!this.hass || !t || !this.isConnected) return;
			let { from: n } = this.#r;
			this.#e.want({
				...ou(t, this.#t),
				from: n,
				to: this.#n.end
			});
		}
		get #t() {
			return [this.config?.hide ?? []].flat();
		}
		get #n() {
			let e = Number(this.config?.hours);
			return this.view ?? {
				length: e > 0 ? e * Cu : wu,
				end: null
			};
		}
		get #r() {
			let { length: e, end: t } = this.#n, n = t ?? this.now;
			return {
				from: n - e,
				to: n
			};
		}
		#i(e) {
			let t = Date.now() / 1e3, { length: n, end: r } = this.#n;
			e && this.requestUpdate(), r === null && (e || t - this.now >= Math.min(Ou, n / ku)) && (this.now = t);
		}
		#a(e) {
			if (this.now = Date.now() / 1e3, !e) {
				this.view = void 0;
				return;
			}
			let { from: t, to: n } = bo(e, {
				least: Eu,
				most: Du,
				end: this.now
			});
			this.view = {
				length: n - t,
				end: n > this.now - Au * (n - t) ? null : n
			};
		}
		async #o(e, t) {
			let n = await Zl(e, [...ou(t, []).measured.keys()]).catch(() => void 0);
			this.#a({
				from: n ?? Date.now() / 1e3 - 365 * wu,
				to: Date.now() / 1e3
			});
		}
		draw(e, t) {
			let { recalled: n, refusal: r } = this.#e;
			return I`
      <div class="body" aria-busy=${this.#e.busy}>
        <div class="top">
          <h2>${this.config?.title ?? t.name}</h2>
          ${this.#s(e, t)}
        </div>
        ${r ? I`<div class="note" role="alert">
              <p>${U(e, "timeline.refused", { message: r.message })}</p>
              <button type="button" @click=${() => this.requestUpdate()}>${U(e, "timeline.again")}</button>
            </div>` : n ? this.#c(e, t, n) : I`<div class="note" role="status">${U(e, "timeline.waiting")}</div>`}
      </div>
      <home-bms-black-box .hass=${e} .info=${t} ?dark=${e.themes.darkMode}></home-bms-black-box>
    `;
		}
		#s(e, t) {
			let { length: n, end: r } = this.#n;
			return I`
      <div class="buttons" role="group" aria-label=${U(e, "timeline.ranges")}>
        ${Tu.map(([i, a]) => I`
            <button
              type="button"
              aria-pressed=${a !== null && r === null && Math.abs(n - a) < 1}
              @click=${() => a === null ? void this.#o(e, t) : this.#a({
				from: Date.now() / 1e3 - a,
				to: Date.now() / 1e3
			})}
            >
              ${U(e, i)}
            </button>
          `)}
        ${[
				[
					"←",
					"timeline.earlier",
					(e) => yo(e, -.5)
				],
				[
					"→",
					"timeline.later",
					(e) => yo(e, .5)
				],
				[
					"+",
					"timeline.zoom_in",
					(e) => vo(e, .5, r === null ? 1 : .5)
				],
				[
					"−",
					"timeline.zoom_out",
					(e) => vo(e, 2, r === null ? 1 : .5)
				]
			].map(([t, n, r]) => I`<button type="button" class="move" aria-label=${U(e, n)} title=${U(e, n)} @click=${() => this.#a(r(this.#r))}>
              ${t}
            </button>`)}
      </div>
    `;
		}
		#c(e, t, n) {
			let r = this.#r, i = this.#t, a = Hl(e, n.events, r.from, r.to), o = cu(e, t, i, n, a, Math.min(r.to, this.now)), s = !o.panes.some(({ lines: e }) => e.some(({ points: e }) => e.some(({ value: e }) => e !== null))), c = su(e, t, i), l = U(e, "timeline.shown", {
				from: H(e, r.from, "both"),
				to: H(e, r.to, "both")
			});
			return I`
      <p class="quiet small" role="status">
        ${this.#e.busy ? U(e, "timeline.waiting") : s ? l : `${l} · ${U(e, `resolution.${n.resolution}`)}`}
      </p>
      ${s ? I`<div class="note" role="status">${U(e, "timeline.empty")}</div>` : I`<home-bms-chart
            .hass=${e}
            .spec=${o}
            .range=${r}
            .label=${U(e, "timeline.chart")}
            ?dark=${e.themes.darkMode}
            @home-bms-range=${this.#d}
            @home-bms-mark=${this.#f}
          ></home-bms-chart>`}
      ${c.length ? I`<p class="quiet small">${U(e, "timeline.missing", { names: c.join("; ") })}</p>` : L}
      ${i.includes("events") || t.entities.protection === void 0 ? L : this.#l(e, a, r)}
    `;
		}
		#l(e, t, n) {
			return I`
      <section class="events" role="group" aria-label=${U(e, "timeline.events")}>
        <h3>${U(e, "timeline.events")}</h3>
        ${t.length ? I`<p class="quiet small">${U(e, "timeline.open")}</p>
              <ol>
                ${t.slice(0, ju).map(({ name: e, severity: t, time: n }) => I`
                    <li>
                      <button type="button" @click=${() => this.#u(n)}>${Co(t)} <span>${e}</span></button>
                    </li>
                  `)}
              </ol>` : I`<p class="quiet small">${U(e, "timeline.no_events")}</p>`}
        ${t.length > ju ? I`<p class="quiet small">${U(e, "timeline.more", { count: t.length - ju })}</p>` : L}
        ${n.from < this.now - Mu ? I`<p class="quiet small">${U(e, "timeline.kept")}</p>` : L}
      </section>
    `;
		}
		#u(e) {
			this.renderRoot.querySelector("home-bms-black-box")?.show(e);
		}
		#d = (e) => {
			e.stopPropagation(), this.#a(e.detail);
		};
		#f = (e) => {
			e.stopPropagation(), this.#u(e.detail.time);
		};
		static {
			this.styles = [...es.styles, o`
      .top {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 8px 16px;
        flex-wrap: wrap;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }
      .buttons button {
        padding: 4px 10px;
      }
      .buttons .move {
        min-width: 36px;
      }
      p {
        margin: 0;
      }
      .small {
        font-size: 0.875rem;
      }
      .events {
        display: grid;
        gap: 6px;
      }
      ol {
        list-style: none;
        margin: 0;
        padding: 2px;
        display: grid;
        gap: 4px;
        max-height: 320px;
        overflow: auto;
      }
      li button {
        display: flex;
        gap: 8px;
        align-items: center;
        width: 100%;
        text-align: start;
        font-size: 0.875rem;
      }
      .shape {
        flex: none;
        width: 16px;
        height: 16px;
        fill: currentColor;
        color: var(--bms-bad);
      }
      .shape.info {
        color: var(--bms-quiet);
      }
      .shape.warning {
        color: var(--bms-warn);
      }
    `];
		}
	},
	"ll-strategy-dashboard-home-bms": fc
};
function Pu() {
	customElements.whenDefined("home-assistant").then(() => {
		for (let [e, t] of Object.entries(Nu)) customElements.get(e) || customElements.define(e, t);
	}), (window.customCards ??= []).push(...Ts), (window.customStrategies ??= []).push(Es);
}
// src/home-bms.ts
Pu();
