"""The style sheets: of plots, wherever they are, and of the page. Light, dark, on a phone and on paper."""

from __future__ import annotations

__all__ = ["PAGE", "PLOTS"]

_LIGHT = (
    "--paper:#fff;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--empty:#f3f5f7;--on:#fff;"
    "--c0:#0068aa;--c1:#c44601;--c2:#007a55;--c3:#8a3ffc;--c4:#a16207;--c5:#b0266f;--c6:#0e7490;--c7:#525a66"
)
_DARK = (
    "--paper:#14181d;--ink:#e8ecf0;--soft:#a3adb8;--line:#3a434d;--empty:#1e242b;--on:#0b0e11;"
    "--c0:#5cb3ef;--c1:#f59a62;--c2:#4cc79d;--c3:#b79bff;--c4:#e0b64c;--c5:#f08fc0;--c6:#5ccbe0;--c7:#aab4bf"
)
_COLORS = "".join(f".c{place}{{--c:var(--c{place})}}" for place in range(8))

PLOTS = (
    f":root{{{_LIGHT};color-scheme:light dark}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{_DARK}}}}}"
    f"{_COLORS}"
    "svg{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
    ".ground{fill:var(--paper)}"
    ".axis,.grid,.guide,.spread{fill:none;stroke:var(--line);stroke-width:1}"
    ".axis{stroke:var(--soft)}.guide{stroke:var(--soft);stroke-dasharray:3 4}"
    ".spread{stroke:var(--ink);stroke-width:1.5}"
    ".tick{font-size:12px;fill:var(--soft)}.label{font-size:13px;fill:var(--ink)}"
    ".strong{fill:var(--ink);font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:4px}.faint{opacity:.55}"
    ".line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}.dashed{stroke-dasharray:7 4}"
    ".thin{stroke-width:1;stroke-opacity:.45}"
    ".dots{fill:none;stroke:var(--c);stroke-width:6;stroke-linecap:round;stroke-opacity:.65}"
    ".rings{fill:none;stroke:var(--c);stroke-width:9;stroke-linecap:round;stroke-opacity:.9}"
    ".square{stroke-linecap:square;stroke-width:5}"
    ".mark{fill:var(--paper);stroke:var(--c);stroke-width:2.5}"
    ".bar{fill:var(--c)}.band{fill:var(--c0);fill-opacity:.16;stroke:none}"
    ".cell{fill:var(--c)}.empty{fill:var(--empty)}.on{fill:var(--on);font-weight:600}"
    ".pixels{image-rendering:pixelated}"
    "@media screen and (max-width:36rem),print"
    "{.number{font-size:17px}.label{font-size:18px}.name{font-size:15px}.bar-name{font-size:14px}}"
)

PAGE = PLOTS + (
    "*{box-sizing:border-box}"
    "html{scroll-padding-top:1rem}"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:16px/1.55 system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif}"
    "header,main,footer{max-width:76rem;margin:0 auto;padding:0 1rem}"
    "h1{font-size:1.8rem;line-height:1.2;margin:1.6rem 0 .2rem;overflow-wrap:anywhere}"
    "h2{font-size:1.25rem;margin:2.4rem 0 .6rem;padding-top:.8rem;border-top:1px solid var(--line)}"
    "p{max-width:60rem;margin:.5rem 0;overflow-wrap:anywhere}"
    "a{color:var(--c0)}a:focus-visible,summary:focus-visible{outline:3px solid var(--c0);outline-offset:2px}"
    ".sub,.note,footer{color:var(--soft)}.note{font-size:.9rem}"
    ".skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--paper)}"
    "nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;margin:.8rem 0 0;padding:0;font-size:.95rem}"
    ".keys{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.7rem;margin:1rem 0;padding:0}"
    ".keys div{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem;overflow-wrap:anywhere}"
    ".keys dt{color:var(--soft);font-size:.85rem}.keys dd{margin:0;font-size:1.45rem;font-weight:600;line-height:1.3}"
    ".keys dd small{display:block;font-size:.8rem;font-weight:400;color:var(--soft)}"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1rem 1.5rem}"
    "figure{margin:.6rem 0;min-width:0}figcaption{font-weight:600;margin:0 0 .3rem;overflow-wrap:anywhere}"
    ".plot{max-width:100%;height:auto;display:block}"
    ".tables{display:flex;flex-wrap:wrap;gap:0 3rem}.tables>*{min-width:0;max-width:100%}"
    ".scroll{overflow-x:auto;margin:.7rem 0}.scroll:focus-visible{outline:3px solid var(--c0)}"
    "table{border-collapse:collapse;font-size:.92rem}"
    "caption{text-align:left;font-weight:600;padding:0 0 .35rem;max-width:calc(100vw - 2rem);overflow-wrap:anywhere}"
    "th,td{padding:.28rem .8rem .28rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}"
    "td{max-width:26rem;overflow-wrap:break-word}td.w{min-width:13rem}.o{white-space:nowrap}"
    ".pairs td{overflow-wrap:anywhere}"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.strong-row>*{font-weight:600}"
    "pre{overflow-x:auto;background:var(--empty);padding:.7rem .9rem;border-radius:.5rem;font-size:.88rem;"
    "font-family:ui-monospace,'DejaVu Sans Mono',monospace;line-height:1.45}"
    "details{margin:.5rem 0}summary{cursor:pointer;color:var(--c0)}"
    ".finding{border-left:4px solid var(--c0);padding:.15rem 0 .15rem .8rem;margin:.6rem 0}"
    ".finding.warning{border-color:var(--c1)}.finding small{display:block;color:var(--soft)}"
    ".pictures{display:flex;flex-wrap:wrap;gap:1rem;padding:0;margin:.6rem 0;list-style:none}"
    ".pictures img{image-rendering:pixelated;display:block;border:1px solid var(--line);background:#888}"
    ".pictures img{max-width:100%;height:auto}"
    ".pictures li{font-size:.85rem;max-width:min(100%,26rem);overflow-wrap:anywhere}.pictures li div{line-height:1.35}"
    "footer{font-size:.85rem;margin-top:3rem;padding-bottom:2rem}"
    "@media print{body{font-size:11pt}nav,.skip,figure details{display:none}h2,caption{break-after:avoid}figure,tr,"
    ".pictures li{break-inside:avoid}tbody tr:first-child{break-before:avoid}.scroll{overflow:visible}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:7.5pt}"
    ".figures{grid-template-columns:1fr 1fr}a{color:inherit;text-decoration:none}}"
)
