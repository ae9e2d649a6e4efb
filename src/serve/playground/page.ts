/** The page. All that comes from the contract or the wire is put into it as text, by the program. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Playground</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="playground/style.css">
<script type="module" src="playground/app.js"></script>
</head>
<body>
<header><h1 id="name">Playground</h1><nav id="links" aria-label="Descriptions"></nav></header>
<div class="columns">
<nav class="members" aria-label="Operations and events">
<label class="quiet" for="filter">Filter</label>
<input id="filter" type="search" autocomplete="off" spellcheck="false">
<div id="members"></div>
</nav>
<main id="main" hidden>
<h2><code id="member"></code> <span id="kind" class="quiet"></span></h2>
<p id="description"></p>
<form id="form">
<fieldset><legend>Protocol</legend><div id="protocols" class="protocols"></div></fieldset>
<div id="input-part"><label for="input">Input, as JSON</label>
<textarea id="input" rows="6" spellcheck="false" autocomplete="off"></textarea></div>
<details><summary>Headers</summary><label for="headers">One in each line: <code>authorization: Bearer …</code></label>
<textarea id="headers" rows="2" spellcheck="false" autocomplete="off"></textarea></details>
<p><button id="run" type="submit"></button> <button id="stop" type="button" hidden>Stop</button> <span id="status" role="status"></span></p>
</form>
<h3 id="output-title">Output</h3>
<pre id="output" tabindex="0" aria-labelledby="output-title"></pre>
<h3 id="wire-title">On the wire</h3>
<pre id="wire" tabindex="0" aria-labelledby="wire-title"></pre>
<details id="schema-part"><summary id="schema-title"></summary><pre id="schema" tabindex="0" aria-labelledby="schema-title"></pre></details>
</main>
</div>
<noscript>The playground needs JavaScript.</noscript>
</body>
</html>
`;

/** Its look, by day and by night. */
export const STYLE = `
:root{--paper:#fff;--ink:#1b1f24;--quiet:#5c6670;--line:#d0d6dc;--soft:#f4f6f8;--accent:#1f5fa8;--on-accent:#fff;--good:#12733f;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e6e9ec;--quiet:#9aa5b0;--line:#3a424b;--soft:#1c2127;--accent:#7db6f5;--on-accent:#10151b;--good:#62c48f;--bad:#ff8a7a}}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header{display:flex;flex-wrap:wrap;gap:.3rem 1.5rem;align-items:baseline;padding:.8rem 1.2rem;border-bottom:1px solid var(--line)}
h1{font-size:1.2rem;margin:0}
h2{font-size:1.1rem;margin:0 0 .3rem}
h2 code{font-size:1.1rem}
h3{font-size:.95rem;margin:1.2rem 0 .3rem}
p{margin:.4rem 0}
a{display:inline-block;color:var(--accent);margin-right:1rem}
code,pre,textarea{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.quiet{color:var(--quiet);font-weight:400;font-size:.85em}
.columns{display:grid;grid-template-columns:15rem minmax(0,1fr)}
.members{padding:1rem;border-right:1px solid var(--line);min-height:calc(100vh - 3.4rem)}
.members h2{font-size:.8rem;color:var(--quiet);margin:.9rem 0 .2rem;font-weight:600}
.members button{display:block;width:100%;text-align:left;padding:.25rem .5rem;border:0;border-radius:4px;background:none;color:inherit;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.members button[aria-current]{background:var(--accent);color:var(--on-accent)}
.deprecated{text-decoration:line-through}
main{padding:1rem 1.2rem 3rem;max-width:62rem}
fieldset{border:0;padding:0;margin:.8rem 0}
legend,label{display:block;padding:0 0 .2rem;font-weight:600;font-size:.9rem}
details label,label.quiet{font-weight:400}
.protocols{display:flex;flex-wrap:wrap;gap:.4rem}
.protocols label{display:flex;flex:none;gap:.35rem;align-items:center;font-weight:400;padding:.2rem .6rem;border:1px solid var(--line);border-radius:4px;cursor:pointer}
.protocols label:has(:checked){border-color:var(--accent);box-shadow:inset 0 0 0 1px var(--accent)}
.protocols input{accent-color:var(--accent);margin:0}
input[type=search],textarea{width:100%;padding:.4rem .5rem;border:1px solid var(--line);border-radius:4px;background:var(--soft);color:inherit}
input[type=search]{font:inherit}
textarea{resize:vertical}
details{margin:.6rem 0}
summary{cursor:pointer}
button{cursor:pointer}
form button{padding:.35rem 1.1rem;border:1px solid var(--accent);border-radius:4px;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600}
#stop{background:none;color:var(--accent)}
#status{margin-left:.6rem}
pre{margin:0;padding:.6rem .7rem;min-height:2.6rem;max-height:28rem;overflow:auto;border:1px solid var(--line);border-radius:4px;background:var(--soft);white-space:pre-wrap;overflow-wrap:anywhere}
pre:empty::before{content:'Nothing yet';color:var(--quiet)}
.bad{color:var(--bad)}
.out{color:var(--accent)}
.in{color:var(--good)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:48rem){.columns{grid-template-columns:minmax(0,1fr)}.members{min-height:0;border-right:0;border-bottom:1px solid var(--line)}#members{max-height:12rem;overflow:auto}}
`;
