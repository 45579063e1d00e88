# What people read.


localrules:
    choose,


rule choose:
    input:
        statistics=of_rounds("masks.json", first=1),
        students=of_rounds("student.safetensors"),
    output:
        recorded("results/{run}/chosen.json"),
    log:
        "results/{run}/logs/choose.log",
    params:
        spec=spec("choose"),
        code=code("choose"),
    shell:
        "exec hdrpipe choose --spec {params.spec:q} --code {params.code} --statistics '{input.statistics}'"
        " --out {output[0]} --log {log}"
