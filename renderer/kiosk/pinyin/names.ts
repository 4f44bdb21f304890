/**
 * Characters of Chinese names, the most common first: surnames, then given names. The order is roughly that of the civil
 * registry's statistics. Characters not listed here follow by how common they are in general.
 */
export const SURNAMES =
  '王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧阳温庞康施季齐牛樊葛纪殷詹安倪关鲁游章柳包俞裴翟单解仇区查';

export const GIVEN =
  '伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华文建国红玉梅志海燕云玲辉鹏飞宇浩轩子涵梓欣怡诗雨晨佳琪思嘉俊豪博文天睿一诺奕辰可馨若雅婷雪颖慧倩莹丹萍春凤荣琴珍淑凯斌健峰亮波鑫龙成东晓旭阳永福生德宏清新家立学林民胜兴友安世忠仁义礼信良善贤孝瑞祥庆喜乐康宁和顺恒毅坚诚达远鸿翔翰墨书瑶琳璐瑾瑜璇珊珂琦琛珺玥玮琬琰璟琳薇菲蕾莉莎蓉萱芷若茜菁芸芝苗菊莲荷蓝紫晴晶昊昱晗晟景曦曜星月夏秋冬梦妍妮娅娇婉媛媚嫣姗婧好彤彬森松柏楠桐梁栋材杨柳桃沐泽涵渊润洁淼淳湘潇澜江河湖波溪源清川山岩岳峻嵘岚石金钰铭锋锐锦钧鉴银铁火炎焱烨煜炜灿熙焕然土坤培城垚堃圣均喆吉哲嘉启言语谦诚谨诗谷谊信伦伯仲仪佑伊佩依俏倩偲傲元允先光克全公兵冰冲凡凌初利力加劲励勤北千升卓南卫卿原双发叶合同名向君启吟周呈咏哈唯善喻园图圆城培基堂增墨士壮夕多大奇奋好如威娴婕婵季孟守宗定宝实宣宾容密富寒尚尧少尔展岱崇巧帆帅希常平广庭延弘弛弘强彦彪影征律微心忆志念怀性恩悦悠惠意愉愿慕懿成战戈才承拓振捷放政敬文斐斯方旋无日时昌易春昭晋普智曼有朋朗望木本权杏来松果柔柯栩格桓梁棋棠森楚榕模正殿毓水汉汝沁沛沙泉泓泰洛津洪流浚浦涌淇淑深添渝温湛满源漫潮灵烈照爱牧玄率玖玛环现珏班理琨瑄瑗瑛璞甜田男画畅白皓盈益真睦石硕磊祖祝祯禄福禹秉科程稷穆立童端竹笑笛筠箫簡粟素红纯纳纪练绍绎维绮缘罗美群羽翠翼耀耘聪肖肇育胤脉自臣舒航良艺节芊芙芮苑苒范茂茗茵茹荃荔荟莺菡萌萧葆葵蒙蓓蓬蔓蔚薪藝虎虹融行衍袁裕西觅言训许诚谦豫贝财贵贺赋赞赫超越路轶辛迅迎运进连迪逸通逢遥遵邦郁都醒里野量钊钢铎铮锴镇镜长闻阔队阿陆陶隆雄雁雯雷震霄霏霖露青静非韬韵顶颂领风飒馥首香驰骁骏骥高魁鲁鸣鸽鹤麒麟黛鼎齐龄阳三七五四八九十';

/** Two-character surnames, by their reading. */
export const COMPOUND: Readonly<Record<string, string>> = {
  ouyang: '欧阳',
  sima: '司马',
  shangguan: '上官',
  zhuge: '诸葛',
  situ: '司徒',
  xiahou: '夏侯',
  huangfu: '皇甫',
  yuchi: '尉迟',
  gongsun: '公孙',
  zhangsun: '长孙',
  murong: '慕容',
  linghu: '令狐',
  yuwen: '宇文',
  xuanyuan: '轩辕',
  dongfang: '东方',
  dugu: '独孤',
  nangong: '南宫',
  duanmu: '端木',
  moqi: '万俟',
  wenren: '闻人',
  helian: '赫连',
  tantai: '澹台',
  gongye: '公冶',
  zongzheng: '宗政',
  puyang: '濮阳',
  chunyu: '淳于',
  shentu: '申屠',
  zhongli: '钟离',
  xianyu: '鲜于',
  ximen: '西门',
  dongguo: '东郭',
  baili: '百里',
  tuoba: '拓跋',
};

/** Readings of surnames that differ from the character's usual reading. */
export const READ_AS_SURNAME: Readonly<Record<string, string>> = {
  曾: 'zeng',
  单: 'shan',
  解: 'xie',
  仇: 'qiu',
  区: 'ou',
  查: 'zha',
  任: 'ren',
  翟: 'zhai',
  覃: 'qin',
};
