package httpmode

var spanish = Texts{
	Dir: "ltr",
	Sent: Notice{
		Heading: "Ahora mismo no se puede guardar",
		Lead:    "Mientras se trabaja en la base de datos, el sitio solo se puede leer. Lo que ha enviado no se ha guardado.",
		Advice:  "No se pierde nada de lo que ha escrito. Vuelva a la página anterior: su texto sigue en el formulario, y podrá intentarlo más tarde. O deje esta página abierta y recárguela entonces: así se envía otra vez el mismo formulario.",
	},
	Page: Notice{
		Heading: "Esta página está en pausa",
		Lead:    "Mientras se trabaja en la base de datos, el sitio solo se puede leer, y esta página necesita guardar algo para mostrarse.",
		Advice:  "Inténtelo más tarde con el mismo enlace. Mientras tanto, puede leer el resto del sitio.",
	},
	SignIn: Notice{
		Heading: "El inicio de sesión está en pausa",
		Lead:    "Mientras se trabaja en la base de datos, todo el mundo ve el sitio como visitante.",
		Advice:  "Si ya había iniciado sesión, sigue abierta: no tiene que hacer nada, y la encontrará como siempre cuando terminen los trabajos. Si no, inicie sesión más tarde.",
	},
	Detail:  "El servicio es de solo lectura por mantenimiento. El cambio se ha rechazado; inténtelo más tarde.",
	Works:   "Lo que funciona",
	Reading: "Leer: páginas, búsqueda y enlaces",
	Paused:  "Lo que está en pausa",
	Saving:  "Guardar: formularios, archivos, ajustes",
	Signing: "Iniciar y cerrar sesión",
	Advice:  "Lo que puede hacer",
	End:     "Fin previsto:", Since: "Solo lectura desde:",
	Minutes: "en {minutes} min aprox.",
	Overdue: "Está tardando más de lo previsto, pero debería terminar pronto.",
	Unknown: "Todavía no se sabe cuándo terminará.",

	TryAgain: "Intentar de nuevo", StatusPage: "Página de estado",

	Typed:     "Lo que ha escrito",
	Resend:    "No se pierde nada de lo que ha escrito: está en esta página. Déjela abierta o copie su texto, y envíelo de nuevo más tarde.",
	SendAgain: "Enviar de nuevo",
	GoBack:    "No se pierde nada de lo que ha escrito. Vuelva al formulario y envíelo más tarde desde allí. Esta página no puede hacerlo por usted, porque no guarda archivos, contraseñas ni textos muy largos.",

	Time:   "2 de January de 2006, 15:04 UTC",
	Months: "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
