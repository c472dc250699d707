"""Whether a sentence says that something was done, or will be, for this customer. The bot can do nothing.

A rule per language. First person singular is always a deed; so is what "has been" done with the customer's own things, unless it stands
under a condition. What "we" do or will do is one unless the document says it in the same words.
"""

import re

_DEEDS = (
    r"refund|cancel|send|sent|ship|process|issu|updat|chang|book|reserv|order|plac|forward|escalat|check|arrang|schedul|credit|replac|return|email"
    r"|e-mail|call|contact|notif|confirm|register|appl|transfer|fix|look|ask|open|creat|mak"
    r"|made|let you know|get back|add|remov|activat|ensur|guarantee"
)
_DEEDS_ES = (
    r"reembols|cancel|envi|mand|proces|emit|emiti|actualiz|cambi|reserv|ped|hech|hic|har|reenvi|escal|revis|gestion|program|agend|acredit"
    r"|reemplaz|devuel|devol|llam|contact|avis|notific|confirm|registr|aplic|transf|arregl|consult|abr|cre|agreg|anul|tramit|verific|pas"
)
_DEEDS_PT = (
    r"reembols|cancel|envi|mand|process|emit|atualiz|mud|troc|reserv|ped|fi[zs]|far|feit|encaminh|escal|verific|program|agend|credit|substitu"
    r"|devol|lig|contat|avis|notific|confirm|registr|aplic|transf|arrum|consult|abr|cri|adicion|estorn|providenci|resolv|pass"
)

_FIRST_PERSON = re.compile(
    # English
    r"\bI(?:'ve| have|'ll| will| am|'m| just|'d| can| could| shall| already)\s+(?:just |already |now |also |going to |happily )*"
    rf"(?:{_DEEDS})"
    rf"|\bI\s+(?:just |already )?(?:{_DEEDS})\w*ed\b|\blet me\s+(?:{_DEEDS})"
    # Spanish
    rf"|\bhe\s+(?:{_DEEDS_ES})\w*(?:ado|ido|echo|uelto|ierto)\b|\b(?:te|le|les|os|lo|la)\s+(?:he|voy a|estoy)\s+\w+"
    rf"|\b(?:voy a|estoy|acabo de)\s+(?:{_DEEDS_ES})\w+|\b(?:{_DEEDS_ES})\w*(?:aré|eré|iré)\b|\bharé\b"
    # Portuguese
    rf"|\b(?:vou|estou|acabei de)\s+(?:te |lhe |já )*(?:{_DEEDS_PT})\w+|\b(?:já|eu)\s+(?:{_DEEDS_PT})\w*(?:ei|i|iz)\b"
    rf"|\b(?:{_DEEDS_PT})\w*(?:arei|erei|irei)\b|\bfarei\b"
    # French, German, Italian
    r"|\b(?:j'ai|je vais|je vous|je te)\s+\w+|\bich\s+(?:habe|werde|kann)\s+\w+|\b(?:ho|sto)\s+(?:già\s+)?\w+(?:ato|uto|ito|ando|endo)\b",
    re.IGNORECASE,
)
_DONE_WITH_THEIRS = re.compile(
    r"\byour\s+(?:\w+\s+){1,3}?(?:has|have)\s+(?:now |already |just )?been\s+(?:\w+ed|sent|made|put)\b"
    r"|\byour\s+(?:\w+\s+){1,3}?(?:is|are)\s+(?:now |already |being )+(?:\w+ed|sent|on (?:its|their) way)\b"
    r"|\b(?:tu|su)s?\s+(?:\w+\s+){1,3}?(?:ha|han)\s+sido\s+\w+|\b(?:tu|su)s?\s+(?:\w+\s+){1,3}?(?:ya\s+)?(?:fue|fueron|quedó|quedaron)\s+\w+[ao]s?\b"
    r"|\b(?:seu|sua|teu|tua)s?\s+(?:\w+\s+){1,3}?(?:já\s+)?(?:foi|foram)\s+\w+[ao]s?\b"
    r"|\bvotre\s+(?:\w+\s+){1,3}?a\s+(?:bien\s+)?été\s+\w+|\b(?:il suo|la sua|il tuo|la tua)\s+(?:\w+\s+){1,3}?è\s+stat[oa]\s+\w+"
    r"|\b(?:ihre?|deine?)\s+(?:\w+\s+){1,3}?(?:wurde|wurden|ist)\s+(?:\w+\s+)?(?:storniert|erstattet|versandt|verschickt|geändert|gebucht)",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:once|when|whenever|after|if|until|unless|as soon as|before|cuando|una vez|si|hasta|después|antes|quando|assim que"
    r"|depois|se|até|caso|quand|lorsque|dès|après|sobald|wenn|nachdem|bis|appena|dopo)\b",
    re.IGNORECASE,
)
_UNLESS_STATED = re.compile(
    rf"\bwe(?:'ve| have|'ll| will|'re| are)\s+(?:just |already |now |also |going to |gladly )*(?P<en>{_DEEDS})"
    rf"|\b(?:hemos|vamos a|estamos)\s+(?P<es>{_DEEDS_ES})|\b(?P<es2>{_DEEDS_ES})\w*(?:aremos|eremos|iremos)\b"
    rf"|\b(?:vamos|estamos)\s+(?:te |lhe )?(?P<pt>{_DEEDS_PT})|\b(?:já )?(?P<pt2>{_DEEDS_PT})\w*(?:aremos|eremos|iremos)\b"
    r"|\bnous\s+(?:avons|allons|vous)\s+(?P<fr>\w{4})|\bwir\s+(?:haben|werden)\s+(?:\w+\s+){0,3}?(?P<de>\w{4})\w*\b|\b(?:abbiamo|stiamo)\s+(?P<it>\w{4})",
    re.IGNORECASE,
)


def promises(sentence: str, stated: str) -> bool:
    """Whether the sentence reports or announces a deed. `stated`: what the document says, in which "we will refund you" may stand."""
    if _FIRST_PERSON.search(sentence):
        return True
    done = _DONE_WITH_THEIRS.search(sentence)
    if done and not _CONDITION.search(sentence[: done.start()]):
        return True
    document = stated.casefold()
    for found in _UNLESS_STATED.finditer(sentence):
        verb = next(group for group in found.groups() if group is not None).casefold()
        if verb not in document:
            return True
    return False
