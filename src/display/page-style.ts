/** How our pages look: light and dark by the reader's preference, from a phone to a wide screen, and on paper. */

/**
 * The style sheet. Every pair of text and ground has a contrast of 4.5 at least, in both schemes: the tests compute it.
 * What is wider than the page (tables, plots) scrolls in a box of its own.
 */
export const pageStyle = `
:root{--text:#1c2530;--soft:#56616f;--line:#d5dbe3;--ground:#fff;--raised:#f4f6f9;--link:#0b57a8;--warning:#b3261e}
@media (prefers-color-scheme:dark){:root{--text:#e4e9f0;--soft:#a3adba;--line:#3a4451;--ground:#14181d;--raised:#1c2229;--link:#8ebcf5;--warning:#ff8a80}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:break-word}
header,nav,main{max-width:76rem;margin:0 auto;padding:1rem}
main:focus{outline:none}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:1rem;top:-5rem;padding:.5rem 1rem;background:var(--ground);border:2px solid var(--link);z-index:1}
.skip:focus{top:.5rem}
h1{font-size:1.6rem;line-height:1.25}
h2{font-size:1.35rem;margin-top:2.5rem;line-height:1.3}
h3{font-size:1.12rem;margin-top:2.2rem;line-height:1.3}
header p,main>section>p,main section section>p:not(.note),main li{max-width:48rem}
nav{background:var(--raised);border-block:1px solid var(--line)}
nav h2{font-size:1rem;margin:0 0 .4rem}
nav ul{margin:0;padding-left:1.1rem;list-style:none}
nav>ul{padding-left:0}
nav li{margin:.25rem 0}
nav ul ul{font-size:.9rem}
.scroll{overflow-x:auto;max-width:100%;container-type:inline-size}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
caption{text-align:left;font-weight:600;padding-bottom:.4rem;position:sticky;left:0;max-width:100cqw}
sup{line-height:0}
th,td{padding:.3rem .7rem;text-align:left;vertical-align:top;white-space:nowrap;border-bottom:1px solid var(--line)}
th:first-child{padding-left:.2rem}
thead th{border-bottom:2px solid var(--soft);vertical-align:bottom;white-space:normal;min-width:4.5rem}
tbody th{font-weight:400}
tbody .words{white-space:normal;min-width:14rem;max-width:34rem}
tbody .words.long{min-width:25rem;max-width:40rem}
.number{text-align:right}
.warning{color:var(--warning);font-weight:600}
.note,figcaption{color:var(--soft);font-size:.85rem;margin:.4rem 0;max-width:60rem}
details.note{line-height:1.9}
details.note summary{cursor:pointer;min-height:1.6rem}
code{font-family:ui-monospace,monospace;font-size:.95em}
.note code,.passport code{overflow-wrap:anywhere}
figure{margin:1.5rem 0;max-width:44rem}
figure svg{display:block;width:100%;min-width:30rem;height:auto}
.interactive{min-width:30rem}
.passport{margin:.3rem 0;border-bottom:1px solid var(--line)}
.passport>summary{padding:.3rem 0;cursor:pointer;overflow-wrap:anywhere}
pre{overflow-x:auto;padding:.6rem;background:var(--raised);font-size:.85rem}
@media (min-width:84rem){
body{display:grid;grid-template-columns:19rem minmax(0,1fr);grid-template-rows:auto 1fr;max-width:108rem;margin:0 auto}
header{grid-column:2;width:100%;margin:0;padding:1rem 2rem}
nav{grid-column:1;grid-row:1/3;position:sticky;top:0;max-height:100vh;overflow-y:auto;width:100%;border-block:0;border-right:1px solid var(--line);font-size:.92rem}
main{grid-column:2;width:100%;max-width:none;margin:0;padding:0 2rem 4rem}
}
@media print{
:root{--text:#000;--soft:#333;--line:#bbb;--ground:#fff;--raised:#fff;--link:#000;--warning:#9c1a13}
@page{size:A4 landscape;margin:12mm}
body{display:block;font-size:10pt}
header,nav,main{max-width:none;padding:0}
nav{position:static;max-height:none;border:0}
.skip,.interactive{display:none!important}
.static,.static[hidden]{display:block!important}
.scroll{overflow:visible}
table{font-size:8pt}
th,td{white-space:normal;padding:.15rem .35rem}
tbody .words,tbody .words.long,thead th{min-width:0}
tbody .words.long{width:26%}
thead{display:table-header-group}
tr,figure,caption{break-inside:avoid}
h2,h3,caption{break-after:avoid}
figure svg{min-width:0;max-width:16cm}
}
`;
