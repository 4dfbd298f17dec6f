"""Pages."""
from django.http import HttpRequest, HttpResponse

def request_list(request: HttpRequest) -> HttpResponse: return HttpResponse("list")
request_new = request_list
inbox = request_list
model_list = request_list
def request_detail(request: HttpRequest, number: int) -> HttpResponse: return HttpResponse("detail")
