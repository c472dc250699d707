"""The phrases by which customers ask for a person, and the words they are made of; read by `domain.person_requests`.

Folded text: lower case, no accents, one space between words, "." for every mark. `<name>` stands for a word list or a part below, "("
groups without capturing, and an indented line goes on with the one above.
"""

WORDS = {
    "people_en": """
        human humans human_being person people someone somebody sb anyone anybody agent manager supervisor representative
        operator advisor adviser colleague colleagues staff member_of_staff staff_member team_member consultant boss owner
        live_one support customer_service customer_support customer_care customer_service_agent customer_service_representative
        support_agent support_team team sales_person salesperson human_one
    """,
    "people_es": """
        persona humano humana ser_humano agente asesor asesora operador operadora representante encargado encargada gerente
        supervisor supervisora alguien vendedor vendedora ejecutivo ejecutiva responsable dueno duena jefe jefa
        atencion_al_cliente servicio_al_cliente soporte companero companera colega empleado empleada gente
    """,
    "people_pt": """
        pessoa humano humana ser_humano atendente agente operador operadora representante gerente alguem vendedor vendedora
        responsavel supervisor supervisora consultor consultora sac suporte gente colega funcionario funcionaria dono dona chefe
        moca moco atendimento setor_responsavel assistente
    """,
    "people_fr": """
        personne humain humaine conseiller conseillere agent quelqu_un responsable operateur operatrice vendeur vendeuse patron
        patronne gerant gerante service_client support collegue collegues manager superviseur employe etre_humain gens
    """,
    "people_de": """
        menschen mensch mitarbeiter mitarbeiterin mitarbeitern person berater beraterin jemandem jemanden jemand chef chefin
        vorgesetzten vorgesetzter kundenservice kundendienst kundenberater ansprechpartner ansprechpartnerin kollegen kollegin
        verkaufer support support_mitarbeiter team agenten
    """,
    "people_it": """
        persona operatore operatrice umano umana essere_umano qualcuno agente responsabile titolare consulente servizio_clienti
        assistenza_clienti assistenza supporto collega addetto addetta commesso commessa venditore direttore gente
    """,
    "one": """
        human humans human_being person agent manager representative someone somebody staff colleague support_agent team
        supervisor persona humano agente asesor asesora alguien representante encargado vendedor pessoa atendente alguem gerente
        quelqu_un humain conseiller personne responsable jemand jemandem jemanden menschen mitarbeiter berater qualcuno
        operatore umano consulente
    """,
    "bot": """
        bot chatbot robot robo robots bots maquina machine maschine macchina roboter computer ia ai automate maquinas
    """,
}
"""Lists of words; "_" stands for a space."""

PARTS = {
    "kind": (
        r"((real|live|actual|human|proper|different|another|true|verdadera|otra|otro|vrai|vraie|echten|echter|echte|"
        r"vera|vero|reale) )*"
    ),
    "det_en": r"((a|an|the|some|any|your|one of your|one of the|somebody|someone) )?",
    "det_es": r"((una?|el|la|algun|alguna|otra|otro|su|tu|los|las|de|del) )*",
    "det_pt": r"((uma?|o|a|os|as|algum|alguma|outra|outro|seu|sua|do|da|de) )*",
    "det_fr": r"((un|une|l|le|la|votre|vos|un de vos|une de vos|d un|d une|du|de|des|au|a|avec) )*",
    "det_de": r"((einem|einer|einen|eine|ein|dem|der|den|die|das|ihrem|ihren|eurem|irgend) )*",
    "det_it": r"((un|una|uno|l|il|la|lo|col|vostro|un vostro|altro|altra|del|di) )*",
    "det": (
        r"((an?|the|some|any|your|of|one of your|una?|el|la|algun|alguna|su|uma?|o|as?|seu|sua|une?|l|le|votre|vos|"
        r"einem|einer|einen|eine|ein|dem|der|den|uno|il|lo|vostro|actual) )*"
    ),
    "end": r"(?= \.)",
}
"""Further parts: how one is qualified, articles, the end of a part of a sentence."""

PHRASES = {
    "en": r"""
(talk|speak|chat|have a word|word|only deal|get hold|hold|complain|get in touch|connected|in contact|deal) (to|with|of)
     <det_en><kind><people_en>\b(?! (about it|else))
(want|need|prefer|get me|give me|rather have|like|get|have|demand) <det_en><kind>(human being|human|person|agent|operator|representative|
    manager|supervisor|advisor|customer service|live agent)(?! (to sign|for the|of|per|along|s\b|in|resources|sized?|hair|with|from|more|
    discount|\d))(?= (\.|please|who|here|now|to (help|talk|speak|call|answer|look)|that|and|not|for this|asap|right|immediately|again|
    today))
(get|give|send|find) me (someone|somebody) <kind>
(want|need|prefer) (someone|somebody)(?= (\.|real|please|to (help|talk|call|answer|contact|speak)|who|now|from|here))
(connect|transfer|forward|hand|pass|put|route|switch|redirect|escalate)( (me|this|it|us))?( (on|over|through|along))*( (to|with))?
     <det_en><kind><people_en>\b
(reach|contact) <det_en><kind>(human|person|agent|representative|someone|somebody|manager)\b(?! (in|at) (?!here|your))
(is|are) there (any|some)(one|body)( (here|there|around|real|human|available|i can (talk|speak)))*<end>
(anyone|anybody|someone|somebody) (out )?(there|here)<end>
is there <det_en><kind>(human|person|agent|someone|somebody|anyone)( here| there)? (that |who )?(i can|to) (talk|speak|chat|help)
(can|could|would|will|may) (please )?(someone|somebody|anyone|anybody|<det_en><kind>(human|person|agent))( from your (team|staff))?(
     please)? (please )?(help( me| us)?( please| out)?<end>|call( me)?|ring|phone|contact me|look at|answer me|take over|reply|talk to
     me)(?! (before|when|if|on delivery))
(someone|somebody) (needs|has|should|must|please)( to)? (call|contact|ring|phone|help) me\b
have (someone|somebody|a (human|person|colleague|manager)) (call|ring|contact|phone|help)
(please |you )?call me( back)?(?= (\.|please|on|at|as|asap|now|today|urgently|back))(?! (on|at) (delivery|arrival|the door))
(human|live) (help|support|assistance|agent|chat|representative)<end>
\. (a |an )?(real|live|actual) (human|person|agent)( please)?<end>
""",
    "es": r"""
(hablar|comunicar(me|nos|se)?|contactar(me)?|chatear|conversar|charlar|tratar|contacto|comunicado|comunicada) (con|c)
     <det_es><kind><people_es>\b
(comunica|comunican|comunicas|comunique|comuniquen|comunicar|pasar|pasarme|derivar|derivarme|conectar|conectarme|pasa|pasas|pasan|pase|
    pasen|pone|pones|ponga|pongan|conecta|conectas|deriva|transfiere|transfieres|dame|deme|paseme|pasame|pasenme|derivame|deriveme|
    transfiereme|transfierame|transferirme|comunicame|comuniqueme|comuniquenme|conectame|poneme|ponme|pongame|quiero|quisiera|prefiero)(
     me)? (con|a) <det_es><kind><people_es>\b(?! (mas|mayor|de|en)\b)
(quiero|necesito|dame|deme|prefiero|quisiera|solicito|exijo|ocupo) <det_es><kind>(persona|humano|agente|asesor|asesora|operador|operadora|
    representante|ser humano|atencion al cliente|supervisor)( (real|humano|humana|comercial|de verdad|de carne y hueso))?(?= (\.|por
     favor|ya|ahora|aqui|que (me|pueda|sepa)|y no|no))
(me )?(atienda|atendiera|ayude|ayudara|llame|contacte|responda|conteste|explique|atender|ayudar|responder|contestar|hable)
     <det_es><kind>(persona|humano|alguien|ser humano|asesor|asesora|agente|gente)\b(?! (de la|mas))
(una persona|un humano|alguien|un asesor|una asesora|un agente)( (real|de verdad))? (me |que me )(puede |pueda |podria )?(atienda|atender|
    llame|llamar|ayude|ayuda|ayudar|contacte|contactar|responda|responder)( por favor)?(?= (\.|por))
(puede|podria|pueden|podrian) (llamarme|ayudarme|atenderme|contactarme|me llamar|me ayudar) (alguien|una persona|un humano)
me (puede|podria) (ayudar|atender|llamar|contactar) (alguien|una persona|un humano|un asesor)
(que )?me (pueda |puede )?(atienda|atender|ayude|ayudar) (una persona|un humano|alguien)
hay alguien( (ahi|aqui|alli|disponible|real|que me (pueda|puede) (atender|ayudar)))*<end>
hay (una|alguna|algun) (persona|humano|asesor|agente)( (real|ahi|aqui|disponible|humano))+<end>
alguien (ahi|aqui)<end>
(quiero|necesito|pueden|puede|podrian|podria|puedes)? ?(que )?(llamenme|llameme|llamame|que me llamen|que me llame|que me contacten|
    llamarme)(?! (antes|cuando|al|si|el repartidor))(?= (\.|por|ya|hoy|a |al |alguien|urgente|de))
(ayuda|atencion|asistencia|soporte) (humana|humano|de una persona|de un humano)\b
con quien puedo hablar
""",
    "pt": r"""
(falar|conversar|contato|contatar|tratar|fala|falo) (com|c) <det_pt><kind><people_pt>\b(?! ontem)
(quero|preciso|queria|gostaria|prefiro|exijo|chama|chame|me chama|me chame|me da|me ve)( de| por)? <det_pt><kind>(pessoa|humano|atendente|
    operador|operadora|ser humano|atendimento humano|supervisor)( (real|humano|humana|de verdade))?(?= (\.|por favor|agora|aqui|ja|que
     (me|possa)|e nao|nao))
(me )?(passa|passe|passar|transfere|transfira|transferir|encaminha|encaminhe|encaminhar|coloca|conecta|conecte|liga)( me)?( em contato)?(
     direto)? (pra|para|pro|com|a|ao) <det_pt><kind><people_pt>\b
((ser|sou) )?(atendido|atendida) por <det_pt><kind><people_pt>\b
(pessoa|alguem|atendente|humano)( real)? (que )?(me (atenda|atende|ajude|ajuda|ligue|liga|responda)|(pode|poderia|consegue|possa) me
     (atender|ajudar|ligar|responder|contatar)|(me )?(pode|poderia) (me )?(atender|ligar))( por favor)?(?= (\.|por))
\bchama (alguem|um atendente|uma pessoa)\b
tem (alguem|algum atendente|alguma pessoa|um atendente)( (ai|aqui|disponivel|real|online|que possa me (ajudar|atender)))*<end>
(\. |pode |podem |poderiam |poderia |alguem |que )(me (liga|ligue|liguem|ligar|ligam|retorna|retornem)|ligar pra mim|ligar para mim)(?!
     (antes|quando|se))(?= (\.|por|agora|hoje|urgente|no|de))
(ajuda|atendimento|suporte) (humana|humano|de uma pessoa)\b
\. (por favor )?(uma |um )?(pessoa|gente) (de verdade|real)( por favor)?<end>
""",
    "fr": r"""
(parler|(veux|ve|voudrais|peux) parle|discuter|echanger|contact|relation|contacter|joindre|communiquer)( (a|avec))?
     <det_fr><kind><people_fr>\b(?! (hier|de la (?!part)))
(veux|voudrais|souhaite|souhaiterais|desire|prefere|besoin d|besoin de|exige|avoir) (un|une|d un|d une)? ?<kind>(personne|humain|
    conseiller|conseillere|agent|operateur|etre humain|quelqu un|responsable)(?= (\.|s il|tout|maintenant|qui (m|me|puisse|peut)|pas|et))
(passez|passe|transferez|transfere|mettez|redirigez|connectez|orientez)( moi)?( (a|vers|avec|en relation avec|en contact avec))?
     <det_fr><kind><people_fr>\b
me (passer|transferer|mettre en relation avec|rediriger vers) <det_fr><kind><people_fr>\b
y a( t)?( il)? quelqu un( (la|ici|de disponible))*<end>
quelqu un (peut|pourrait|peux) (m aider|me rappeler|m appeler|me repondre|me contacter)( s il vous plait)?<end>
quelqu un pour m (aider|appeler|expliquer|repondre)
(rappelez moi|appelez moi|me rappeler)(?! (avant|quand|si))(?= (\.|s il|au|maintenant|vite))
aide humaine\b
""",
    "de": r"""
mit <det_de><kind><people_de>( (vom|aus dem|bei|in) (support|kundenservice|team|ihnen|ruhe))?( \w+)? (sprechen|reden|chatten|telefonieren|
    verbinden|verbunden)\b
(sprechen|reden|verbinden|chatten|verbinde|verbinden sie|spreche)( (sie|mich|bitte|gern|gerne|lieber))* mit <det_de><kind><people_de>\b
<det_de><kind>(vorgesetzten|chef|kundenservice|kundendienst|menschen|mitarbeiter|berater|jemanden) sprechen\b
(brauche|brauch|will|mochte|hatte gern|hatte gerne|gib mir|geben sie mir|gebt mir|bitte|verlange)( (bitte|gern|gerne|jetzt|sofort))*
     <det_de><kind>(menschen|mensch|mitarbeiter|berater|person|ansprechpartner|kundenberater)(?= (\.|bitte|der|die|sprechen|jetzt|sofort|
    und))
(weiterleiten|leiten sie mich|leite mich|verbinden sie mich|verbinde mich|stellen sie mich|weiter)( bitte)? (an|zu|mit)
     <det_de><kind><people_de>\b
mich (bitte )?weiterverbinden\b
(ist |\. )(da |hier )?(jemand|wer)( (da|hier|online|erreichbar|zu sprechen))*<end>
kann (mir |mich |mal )*(bitte )?jemand( bitte| mal)* (helfen|anrufen|zuruckrufen|weiterhelfen)<end>
(rufen sie|ruft|ruf) mich (bitte )?(an|zuruck)(?! (bevor|wenn))(?= (\.|bitte|unter|heute))
gibt es (hier |bei ihnen )?<det_de><kind>(ansprechpartner|menschen|mitarbeiter|person)( hier)?<end>
menschliche (hilfe|unterstutzung)\b
""",
    "it": r"""
(parlare|parlo|discutere|contatto|sentire|chattare|comunicare) (con |col )?<det_it><kind><people_it>\b(?! (ieri|e ha))
(contattare|sentire|avere) <det_it><kind>(operatore|operatrice|consulente|persona|responsabile|umano|qualcuno|agente)<end>
(voglio|vorrei|serve|bisogno di|preferisco|esigo|datemi|dammi|mi dia) <det_it><kind>(persona|umano|operatore|operatrice|essere umano|
    consulente|agente)( (vera|vero|reale|in carne e ossa))?(?= (\.|per favore|subito|adesso|che (mi|possa)|e non))
(passatemi|passami|mi passi|mi passa|mi passate|trasferiscimi|trasferitemi|mi trasferisca|inoltratemi|mettetemi in contatto|mi metta in
     contatto|collegatemi|mi colleghi|parlare)( (a|al|con|col|ad|il))? <det_it><kind><people_it>\b
c e (qualcuno|nessuno)( (qui|li|la|che (mi )?(puo|possa) (aiutarmi|aiutare)))*<end>
qualcuno (mi )?(puo|potrebbe) (mi )?(aiutarmi|aiutare|richiamare|richiamarmi|chiamare|chiamarmi|rispondere|contattare|contattarmi)( per
     favore)?<end>
(mi )?(puo|potrebbe) (mi )?(chiamare|richiamare|aiutare|contattare) qualcuno\b
(\. |vi prego |per favore )(chiamatemi|richiamatemi|contattatemi)(?! (prima|quando|se))(?= (\.|per|al|subito))
(essere )?(ricontattato|ricontattata|richiamato|richiamata|contattato|contattata) da <det_it><people_it>\b
assistenza umana\b
""",
    "any": r"""
(how|where|way|como|donde|onde|comment|wie|wo|come|dove)( \w+){0,3} (talk|speak|chat|reach|contact|hold|hablo|hablar|contacto|contactar|
    comunico|comunicarme|falo|falar|contato|parler|contacter|joindre|erreiche|erreichen|spreche|sprechen|parlo|parlare|contatto|
    contattare)( (to|with|of|con|com|c|a|avec|mit|ich|por telefono|al telefono)){0,2} <det><kind><one>\b
(talk|speak|hablar|falar|parler|parlare|discuter|conversar|comunicarme)( \w+){1,3} (to|with|con|com|avec) <det><kind><one>\b
<det_de><kind>(jemanden|menschen|mitarbeiter|berater)( \w+){1,3} (sprechen|erreichen|verbinden)\b
(have|get|avoir|haben|avere|tener) <det><kind><one> (on the|au|am|al|en el) (phone|telephone|telefono|telefon|line|tel)\b
(help|ayuda|ajuda|aide|hilfe|aiuto) (from|de|d|von|da|por) <det><kind>(human|person|persona|humano|pessoa|personne|humain|menschen|
    umano)\b
(talk|talking|speak|speaking|chat|chatting|hablar|hablando|falar|falando|parler|parle|parlare|parlando|sprechen|reden) (to|with|con|com|a|
    avec) (an? |una? |uma |un |une |el |le |il )?<bot>\b(?! \w*aspira)
(mit )?(einem |einer |dem |der )?<bot> (reden|sprechen|chatten)\b
(no|no more|not|stop|enough|without|basta|basta de|sin|chega de|sem|pas|pas de|stop le|stop the|kein|keine|keinen|niente|nessun|keine
     lust auf|nicht mit) (the |these |an? |un |une |una |uma |um |el |le |con |com |mit |de )*<bot>( (please|por favor|bitte|per favore|s
     il vous plait))?<end>
nao e com (um )?<bot>\b
""",
}
"""By language; `any`: words of all."""

ONLY = r"""
^\. ((please|por favor|hi|hello|hey|hola|ola|oi|bonjour|hallo|ciao|buenas|bom dia|con|bitte|per favore|\.) )*
    ((an?|una?|uma?|un|une|ein|eine|einen|einem|vrai|real|live|the) )*
    ((real|live|actual|human|vrai|vraie|echte|echter|echten|customer service|customer care|customer support|support) )*
    (human|person|agent|operator|representative|supervisor|advisor|customer service|customer support|customer care|persona|humano|agente|
    asesor|asesora|operador|operadora|representante|ejecutivo|atencion al cliente|servicio al cliente|atendente|pessoa|atendimento|
    consultor|conseiller|conseillere|humain|personne|operateur|service client|mitarbeiter|menschen|mensch|berater|kundenberater|
    kundenservice|operatore|operatrice|umano|consulente|assistenza clienti|servizio clienti|vendedor|vendedora|gerente)
    ( (please|por favor|bitte|per favore|s il vous plait|real|reelle|reel|humano|humana|humain|humaine|de verdad|de verdade|vera|vero|
    reale|comercial|agent|\.))* ?\.?$
"""
"""A message that names a person and nothing else."""

YES = r"""
^\. ((yes|yeah|yep|yup|sure|ok|okay|si|sim|claro|que|quiero|quero|dale|pode ser|isso|oui|d accord|volontiers|ja|gern|gerne|jawohl|certo|
    va bene|volentieri|please|por favor|bitte|per favore|s il vous plait|do|that would be great|por supuesto|com certeza|bien sur|
    naturlich|certamente|1|a person|person|persona|pessoa|personne|un humano|human|\.) ?)+$
"""
"""A yes, and nothing but a yes."""

NEGATED = r"""
(\b(don t|do not|dont|needn t|no need|didn t|wouldn t)( \w+){0,4}
    |\bno (quiero|necesito|hace falta|quisiera|deseo|tengo que|es necesario)( \w+){0,4}
    |\bnao (quero|preciso|desejo|queria|e necessario)( \w+){0,4}
    |\bpas( (besoin|envie))?( \w+){0,3}|\b(nicht|kein\w*)( \w+){0,3}
    |\bnon (voglio|ho bisogno|serve|mi serve|desidero|vorrei)( \w+){0,4}) ?$
"""
"""What stands before a phrase that is then no request."""

NAMED = r"""
(\b[Cc]an I|\b[Cc]ould I|\b[Mm]ay I|want to|like to|need to|[Ll]et me|\b[Qq]uiero|\b[Pp]uedo|\b[Nn]ecesito|\b[Qq]uero|\b[Pp]osso|
    [Jj]e veux|[Pp]uis-je|\b[Vv]oglio|\b[Vv]orrei)\s+(please\s+)?(speak|talk|hablar|falar|parler|parlare)\s+(to|with|con|com|[aà]|avec)
    \s+(la\s+|el\s+|a\s+|o\s+)?(?!Alexa\b|Siri\b|Google\b|English\b|Apple\b)[A-ZÁÉÍÓÚ][a-záéíóúãõçñ]{2,}
"""
"""Somebody asked for by name; of the text as it was written."""
