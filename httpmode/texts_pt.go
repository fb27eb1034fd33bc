package httpmode

var portuguese = Texts{
	Dir: "ltr",
	Sent: Notice{
		Heading: "No momento não é possível salvar",
		Lead:    "Enquanto trabalhamos no banco de dados, o site só pode ser lido. O que você enviou não foi salvo.",
		Advice:  "Nada do que você escreveu se perdeu. Volte à página anterior: seu texto ainda está no formulário, e você pode tentar mais tarde. Ou deixe esta página aberta e recarregue-a depois: o mesmo formulário será enviado outra vez.",
	},
	Page: Notice{
		Heading: "Esta página está em pausa",
		Lead:    "Enquanto trabalhamos no banco de dados, o site só pode ser lido, e esta página precisa salvar algo para ser exibida.",
		Advice:  "Tente mais tarde com o mesmo link. Enquanto isso, você pode ler o resto do site.",
	},
	SignIn: Notice{
		Heading: "O login está em pausa",
		Lead:    "Enquanto trabalhamos no banco de dados, todos veem o site como visitantes.",
		Advice:  "Se você já tinha entrado na sua conta, continua conectado: não precisa fazer nada, e tudo voltará ao normal quando o trabalho terminar. Caso contrário, entre mais tarde.",
	},
	Detail:  "O serviço está em modo somente leitura para manutenção. A alteração foi recusada; tente mais tarde.",
	Works:   "O que funciona",
	Reading: "Ler: páginas, busca e links",
	Paused:  "O que está em pausa",
	Saving:  "Salvar: formulários, envio de arquivos, configurações",
	Signing: "Entrar e sair da conta",
	Advice:  "O que você pode fazer",
	End:     "Fim previsto:", Since: "Somente leitura desde:",
	Minutes: "em cerca de {minutes} min",
	Overdue: "Está demorando mais que o previsto, mas deve terminar em breve.",
	Unknown: "Ainda não se sabe quando vai terminar.",

	TryAgain: "Tentar de novo", StatusPage: "Página de status",

	Typed:     "O que você escreveu",
	Resend:    "Nada do que você escreveu se perdeu: está tudo nesta página. Deixe-a aberta ou copie seu texto e envie-o de novo mais tarde.",
	SendAgain: "Enviar de novo",
	GoBack:    "Nada do que você escreveu se perdeu. Volte ao formulário e envie-o mais tarde a partir dele. Esta página não pode fazer isso por você, porque não guarda arquivos, senhas nem textos muito longos.",

	Time:   "2 de January de 2006, 15:04 UTC",
	Months: "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
