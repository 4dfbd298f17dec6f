"""Renders form fields in the style of the pages."""

from django import forms, template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """Returns a field's input with the CSS classes of the pages; Django adds what screen readers need.

    Placeholders that only repeat the label are dropped: they vanish while one types. The first wrong
    field gets the focus.
    """
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        css = "form-check-input"
    else:
        css = "form-select" if isinstance(widget, forms.Select) else "form-control"
    widget.attrs.pop("placeholder", None)
    wrong = [other.name for other in field.form if other.errors]
    if wrong:
        widget.attrs["autofocus"] = field.name == wrong[0]
    return field.as_widget(attrs={"class": f"{css} is-invalid" if field.errors else css})


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Tells whether the field is a checkbox, whose label stands after it."""
    return isinstance(field.field.widget, forms.CheckboxInput)
